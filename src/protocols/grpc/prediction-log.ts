import { bytesTag } from "./model-spec.ts";
import { WireReader } from "./wire-reader.ts";

// Field numbers: tensorflow_serving/apis/prediction_log.proto. Each kind of log has its request in field 1 and its response
// in field 2.
const LOG_FIELDS = {
  classify: 2,
  regress: 3,
  multiInference: 4,
  sessionRun: 5,
  predict: 6,
  predictStreamed: 7,
} as const;
const LOG_REQUEST = 1;

/** What was asked for; `predictStreamed` has any number of requests. */
export type LogKind = keyof typeof LOG_FIELDS;

const KINDS = new Map<number, LogKind>(
  Object.entries(LOG_FIELDS).map(([kind, field]) => [field, kind as LogKind]),
);

/** The requests of a tensorflow.serving.PredictionLog. */
export interface LoggedRequests {
  /** Undefined for a log of nothing, or of a kind that isn't known. */
  readonly kind: LogKind | undefined;
  /** Serialized requests: one at most, but for `predictStreamed`. Views of the log. */
  readonly requests: readonly Uint8Array[];
}

/** @throws StatusError INVALID_ARGUMENT for malformed bytes. */
export function decodePredictionLog(bytes: Uint8Array): LoggedRequests {
  const reader = new WireReader(bytes, "tensorflow.serving.PredictionLog");
  let kind: LogKind | undefined;
  let requests: Uint8Array[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const found = KINDS.get(tag >>> 3);
    if (found === undefined || tag !== bytesTag(tag >>> 3)) {
      reader.skip(tag);
      continue;
    }
    // Of the kinds of a oneof the last one counts.
    if (found !== kind) requests = [];
    kind = found;
    const outer = reader.enter();
    readRequests(reader, requests);
    reader.leave(outer);
  }
  if (kind === "predictStreamed" || requests.length <= 1) return { kind, requests };
  // Two messages one behind the other are what protobuf merges.
  return { kind, requests: [new Uint8Array(Buffer.concat(requests))] };
}

function readRequests(reader: WireReader, into: Uint8Array[]): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag !== bytesTag(LOG_REQUEST)) {
      reader.skip(tag);
      continue;
    }
    const outer = reader.enter();
    into.push(reader.rest());
    reader.leave(outer);
  }
}
