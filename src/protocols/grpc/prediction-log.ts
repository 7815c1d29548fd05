import type { AnsweredRequest, LogKind } from "../request-log.ts";
import { bytesTag } from "./model-spec.ts";
import { Wire, WireReader } from "./wire-reader.ts";
import {
  fieldSize,
  textFieldSize,
  varintSize,
  writeBytes,
  writeFieldStart,
  writeText,
  writeVarint,
} from "./wire-writer.ts";

// Field numbers: tensorflow_serving/apis/prediction_log.proto. Each kind of log has its request in field 1 and its response
// in field 2.
const LOG_FIELDS: Readonly<Record<LogKind, number>> = {
  classify: 2,
  regress: 3,
  multiInference: 4,
  sessionRun: 5,
  predict: 6,
  predictStreamed: 7,
};
const LOG_METADATA = 1;
const LOG_REQUEST = 1;
const LOG_RESPONSE = 2;

// tensorflow_serving/apis/logging.proto
const METADATA_MODEL_SPEC = 1;
const METADATA_SAMPLING_CONFIG = 2;
const METADATA_TAGS = 3;
const METADATA_TIMESTAMP = 4;

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

/** What a log says of a request beside the request itself. */
export interface LogContext {
  /** A serialized SamplingConfig. */
  readonly samplingConfig: Uint8Array;
  readonly savedModelTags: readonly string[];
  /** Since 1970. */
  readonly timestampSeconds: number;
}

/** A serialized PredictionLog, in memory of its own: what it is made of is copied. */
export function encodePredictionLog(answered: AnsweredRequest, context: LogContext): Uint8Array<ArrayBuffer> {
  const { kind, modelSpec, request, response } = answered;
  const { samplingConfig, savedModelTags, timestampSeconds } = context;
  let metadataLength =
    fieldSize(modelSpec.length) + fieldSize(samplingConfig.length) + 1 + varintSize(timestampSeconds);
  for (const tag of savedModelTags) metadataLength += textFieldSize(tag);
  const logLength = fieldSize(request.length) + fieldSize(response.length);
  // Buffers of this kind don't share their memory, so that it can be handed to another thread.
  const out = Buffer.allocUnsafeSlow(fieldSize(metadataLength) + fieldSize(logLength));
  let pos = writeFieldStart(out, 0, LOG_METADATA, metadataLength);
  pos = writeField(out, pos, METADATA_MODEL_SPEC, modelSpec);
  pos = writeField(out, pos, METADATA_SAMPLING_CONFIG, samplingConfig);
  for (const tag of savedModelTags) pos = writeText(out, pos, METADATA_TAGS, tag);
  out[pos++] = (METADATA_TIMESTAMP << 3) | Wire.VARINT;
  pos = writeVarint(out, pos, timestampSeconds);
  pos = writeFieldStart(out, pos, LOG_FIELDS[kind], logLength);
  pos = writeField(out, pos, LOG_REQUEST, request);
  writeField(out, pos, LOG_RESPONSE, response);
  return out;
}

function writeField(out: Uint8Array, at: number, field: number, content: Uint8Array): number {
  return writeBytes(out, writeFieldStart(out, at, field, content.length), content);
}
