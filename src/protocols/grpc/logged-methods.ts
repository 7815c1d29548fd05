import type { LogKind, RequestLog, RequestSample } from "../request-log.ts";
import type { UnaryMethod, UnaryMethods } from "../unary.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { bytesTag, emptySpec, readModelSpec } from "./model-spec.ts";
import { WireReader } from "./wire-reader.ts";

const KINDS: ReadonlyMap<string, LogKind> = new Map([
  ["/tensorflow.serving.PredictionService/Predict", "predict"],
  ["/tensorflow.serving.PredictionService/Classify", "classify"],
  ["/tensorflow.serving.PredictionService/Regress", "regress"],
  ["/tensorflow.serving.PredictionService/MultiInference", "multiInference"],
  ["/tensorflow.serving.SessionService/SessionRun", "sessionRun"],
]);

// Where responses have the ModelSpec of the version that answered; a MultiInferenceResponse has it in each result.
const RESPONSE_MODEL_SPEC = 2;
const SESSION_RESPONSE_MODEL_SPEC = 3;
const MULTI_RESULTS = 1;
const RESULT_MODEL_SPEC = 1;

/** The methods, of which those that run a model log what they have answered. */
export function loggedMethods(methods: UnaryMethods, log: RequestLog): UnaryMethods {
  return new Map(
    [...methods].map(([path, method]) => {
      const kind = KINDS.get(path);
      return [path, kind === undefined ? method : logged(kind, method, log)];
    }),
  );
}

function logged(kind: LogKind, method: UnaryMethod, log: RequestLog): UnaryMethod {
  return (message, call) => {
    const sample = log.sample();
    const reply = method(message, call);
    if (sample === undefined) return reply;
    const finish = (frame: Uint8Array) => {
      logAnswer(sample, kind, message, frame.subarray(PREFIX_LENGTH));
      return frame;
    };
    return reply instanceof Promise ? reply.then(finish) : finish(reply);
  };
}

/**
 * Logs a request if its model wants it.
 * @param request and response: serialized messages of the kind; not kept.
 */
export function logAnswer(
  sample: RequestSample,
  kind: LogKind,
  request: Uint8Array,
  response: Uint8Array,
): void {
  const modelSpec = modelSpecOf(kind, response);
  const spec = emptySpec();
  readModelSpec(new WireReader(modelSpec, "tensorflow.serving.ModelSpec"), spec);
  if (sample.isWantedFor(spec.name)) sample.write(spec.name, { kind, modelSpec, request, response });
}

function modelSpecOf(kind: LogKind, response: Uint8Array): Uint8Array {
  if (kind === "multiInference") return fieldOf(fieldOf(response, MULTI_RESULTS), RESULT_MODEL_SPEC);
  return fieldOf(response, kind === "sessionRun" ? SESSION_RESPONSE_MODEL_SPEC : RESPONSE_MODEL_SPEC);
}

/** A message within a message that we have written; nothing if it isn't there. */
function fieldOf(message: Uint8Array, field: number): Uint8Array {
  const reader = new WireReader(message, "response");
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== bytesTag(field)) {
      reader.skip(tag);
      continue;
    }
    reader.enter();
    return reader.rest();
  }
  return new Uint8Array(0);
}
