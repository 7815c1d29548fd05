import type { GraphRun, RunResult } from "../engines/engine.ts";
import type { TensorFlowEngine } from "../engines/tensorflow/engine.ts";
import type { NativeModel } from "../engines/tensorflow/saved-model.ts";
import { parseRef } from "../import/graph.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import { Code, StatusError } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { PlacedSession } from "./placed-session.ts";
import type { TensorFlowPayload } from "./servable-payload.ts";

interface SignatureRun {
  readonly session: PlacedSession;
  /** The position of each output among the session's. */
  readonly positions: ReadonlyMap<string, number>;
}

/** A SavedModel that TensorFlow has loaded, as one thread runs it. */
export class TensorFlowServable implements Servable {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly #engine: TensorFlowEngine;
  readonly #model: NativeModel;
  readonly #runs: ReadonlyMap<string, SignatureRun>;
  readonly #signatureDefMap: Uint8Array;
  readonly #fileNodes: ReadonlySet<string>;

  /** Attaches to the payload's session; `release` lets go of it. */
  constructor(payload: TensorFlowPayload, engine: TensorFlowEngine) {
    const { id, signatures, signatureDefMap, model, runs, fileNodes } = payload;
    this.id = id;
    this.signatures = signatures;
    this.#engine = engine;
    this.#model = model;
    this.#signatureDefMap = signatureDefMap;
    this.#fileNodes = fileNodes;
    this.#runs = new Map(
      [...runs].map(([key, loaded]) => {
        const names = [...signatures.get(key)!.outputs.keys()];
        return [
          key,
          {
            session: new PlacedSession(loaded, engine),
            positions: new Map(names.map((name, i) => [name, i])),
          },
        ];
      }),
    );
  }

  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
  ): RunResult | Promise<RunResult> {
    const { session, positions } = this.#runs.get(signature)!;
    return session.run(
      inputs,
      outputs.map((name) => positions.get(name)!),
    );
  }

  async runGraph(run: GraphRun): Promise<RunResult> {
    const asked = [...run.fetches.map((name) => parseRef(name).node), ...run.targets];
    const refused = asked.find((node) => this.#fileNodes.has(node));
    if (refused !== undefined) {
      throw new StatusError(
        Code.PERMISSION_DENIED,
        `The node ${refused} can't be run, as it reads or writes files. --allow_file_ops lets models do that`,
      );
    }
    return this.#engine.runGraph(this.#model, run);
  }

  signatureDefMap(): Uint8Array {
    return this.#signatureDefMap;
  }

  /** No run may be under way, and none may follow. */
  release(): void {
    for (const { session } of this.#runs.values()) session.release();
  }
}
