import type { Servable, ServableHandle, ServableLookup } from "../lifecycle/servable.ts";
import { SPEC_NAME } from "../protocols/grpc/model-spec.ts";
import { decodePredictionLog } from "../protocols/grpc/prediction-log.ts";
import { predictionService } from "../protocols/grpc/prediction-service.ts";
import { sessionService } from "../protocols/grpc/session-service.ts";
import { textFieldSize, writeFieldStart, writeText } from "../protocols/grpc/wire-writer.ts";
import type { LogKind } from "../protocols/request-log.ts";
import type { UnaryMethod } from "../protocols/unary.ts";

/** `model_spec` in every request that has one. */
const REQUEST_MODEL_SPEC = 1;

const METHODS: Readonly<Record<LogKind, string>> = {
  classify: "/tensorflow.serving.PredictionService/Classify",
  regress: "/tensorflow.serving.PredictionService/Regress",
  multiInference: "/tensorflow.serving.PredictionService/MultiInference",
  sessionRun: "/tensorflow.serving.SessionService/SessionRun",
  predict: "/tensorflow.serving.PredictionService/Predict",
  predictStreamed: "/tensorflow.serving.PredictionService/Predict",
};

export interface ReplayOptions {
  /** --enable_signature_method_name_check. */
  readonly checksMethodName: boolean;
}

/**
 * Asks one version what PredictionLogs hold, through the same methods as clients do. Which model and version a request
 * names doesn't count, as in TensorFlow Serving.
 */
export class Replay {
  readonly #methods: ReadonlyMap<string, UnaryMethod>;
  /** What is put in front of requests that may have no model_spec: protobuf merges it with one that they have. */
  readonly #spec: Uint8Array;

  constructor(servable: Servable, { checksMethodName }: ReplayOptions) {
    const lookup = only(servable);
    this.#methods = new Map([
      ...predictionService(lookup, { checksMethodName }),
      ...sessionService(lookup, "typed"),
    ]);
    this.#spec = namingSpec(servable.id.name);
  }

  /**
   * @param log a serialized PredictionLog. One of nothing, or of a kind that isn't known, asks nothing.
   * @throws StatusError (rejects) that a client would get, or INVALID_ARGUMENT for malformed bytes.
   */
  async ask(log: Uint8Array): Promise<void> {
    const { kind, requests } = decodePredictionLog(log);
    if (kind === undefined) return;
    const method = this.#methods.get(METHODS[kind])!;
    for (const request of requests) {
      const message =
        kind === "multiInference" ? request : new Uint8Array(Buffer.concat([this.#spec, request]));
      await method(message, { headers: {}, signal: new AbortController().signal });
    }
  }
}

function namingSpec(name: string): Uint8Array {
  const length = textFieldSize(name);
  const out = Buffer.alloc(length + 10);
  const start = writeFieldStart(out, 0, REQUEST_MODEL_SPEC, length);
  return out.subarray(0, writeText(out, start, SPEC_NAME, name));
}

/** One version, whatever is asked for. */
function only(servable: Servable): ServableLookup {
  const handle: ServableHandle = {
    id: servable.id,
    signatures: servable.signatures,
    run: (signature, inputs, outputs) => servable.run(signature, inputs, outputs),
    signatureDefMap: () => servable.signatureDefMap(),
    release: () => {},
  };
  return { acquire: () => handle, status: () => undefined, names: () => [servable.id.name] };
}
