import type { GraphRun, RunResult } from "../engines/engine.ts";
import type { Cancellation } from "../status/cancellation.ts";
import type { StatusData } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";
import type { Tensor } from "../tensor/tensor.ts";

export type { Signature, SignatureTensor } from "../tensor/signature.ts";

/** One version of one model. Versions are int64 and not negative. */
export interface ServableId {
  readonly name: string;
  readonly version: bigint;
}

/** As TensorFlow Serving writes it in its log: `{name: mnist version: 1}`. */
export function formatServableId(id: ServableId): string {
  return `{name: ${id.name} version: ${id.version}}`;
}

/** A loaded version as one thread can use it. */
export interface Servable {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  /**
   * Runs a signature. Answers at once where the model is fast enough to be run on the calling thread.
   * @param signature a key of `signatures`.
   * @param inputs one tensor for each of the signature's inputs, of its dtype, in the iteration order of its `inputs`
   * map. A shape may differ from the declared one: whether the model takes it is the servable's to say.
   * @param outputs keys of the signature's `outputs`: what to compute, in the order wanted.
   * @param cancellation lets a run that hasn't begun be dropped when no one waits for it any more.
   * @throws StatusError (or rejects with one) with the engine's code and message.
   */
  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult>;
  /**
   * Runs any part of the model's graph, and gives the fetched tensors in that order. Undefined where there is no graph
   * to run: only signatures.
   * @throws StatusError (rejects) with the engine's code and message.
   */
  readonly runGraph?: ((run: GraphRun) => Promise<RunResult>) | undefined;
  /** A serialized tensorflow.serving.SignatureDefMap with every signature of the model. */
  signatureDefMap(): Uint8Array;
  /** No more requests will come than have come, so that none need wait for others. */
  retire?(): void;
  /** Frees what it holds. Called once, when the last request is done with it. */
  release?(): void;
}

/**
 * What a request holds while it uses a version: the version is not unloaded before `release`. Belongs to one thread;
 * acquiring and releasing takes no lock.
 */
export interface ServableHandle extends Omit<Servable, "retire" | "release"> {
  /** Ends the use. Exactly once; nothing may be called after it. */
  release(): void;
}

/** tensorflow.serving.ModelVersionStatus.State (get_model_status.proto). */
export const ModelState = { START: 10, LOADING: 20, AVAILABLE: 30, UNLOADING: 40, END: 50 } as const;
export type ModelState = (typeof ModelState)[keyof typeof ModelState];

const STATE_NAMES = Object.fromEntries(Object.entries(ModelState).map(([name, state]) => [state, name]));

/** The state's name in get_model_status.proto, e.g. `AVAILABLE`. */
export function stateName(state: ModelState): string {
  return STATE_NAMES[state]!;
}

export interface VersionStatus {
  readonly version: bigint;
  readonly state: ModelState;
  /** OK with an empty message unless the version failed. */
  readonly status: StatusData;
}

/** Which version a request asks for: a version, or a label, or neither (the newest that is available). */
export interface ServableRequest {
  readonly name: string;
  readonly version?: bigint | undefined;
  readonly label?: string | undefined;
}

/** By model, then label. */
export type VersionLabels = ReadonlyMap<string, ReadonlyMap<string, bigint>>;

/** What is being served, as one thread sees it: a plain map, read without locks. */
export interface ServableLookup {
  /**
   * @throws StatusError NOT_FOUND `Servable not found for request: Latest(name)` or `Specific(name, version)`;
   * INVALID_ARGUMENT for an unknown label.
   */
  acquire(request: ServableRequest): ServableHandle;
  /**
   * Every version that was ever seen of a model and not forgotten since, newest first; undefined for an unknown
   * model.
   */
  status(name: string): readonly VersionStatus[] | undefined;
  /** The names of all configured models. */
  names(): Iterable<string>;
}
