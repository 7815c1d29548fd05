import type { NamedInputs, PredictRequest, PredictResponse } from "../../inference/predict.ts";
import { asStatusError, Code, StatusError } from "../../status/status.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { RequestAllowance, type RequestLimits } from "../request-limits.ts";
import { allocateFrame, PREFIX_LENGTH } from "./framing.ts";
import {
  bytesTag,
  checkSpec,
  emptySpec,
  type MutableSpec,
  readModelSpec,
  SPEC_NAME,
  SPEC_SIGNATURE_NAME,
  SPEC_VERSION,
} from "./model-spec.ts";
import { decodeTensor } from "./tensor-decode.ts";
import { measureTensor, type TensorLayout, type ValueForm, writeTensor } from "./tensor-encode.ts";
import { Wire, WireReader } from "./wire-reader.ts";
import {
  fieldSize,
  int64Size,
  textFieldSize,
  writeFieldStart,
  writeInt64,
  writeText,
} from "./wire-writer.ts";

// Field numbers: tensorflow_serving/apis/predict.proto; 1 and 2 are also a map entry's key and value.
const REQUEST_MODEL_SPEC = 1;
const REQUEST_INPUTS = 2;
const REQUEST_OUTPUT_FILTER = 3;
const RESPONSE_OUTPUTS = 1;
const RESPONSE_MODEL_SPEC = 2;
const KEY = 1;
const VALUE = 2;

export interface DecodedPredictRequest extends PredictRequest {
  readonly inputs: NamedInputs;
}

/**
 * Decodes a tensorflow.serving.PredictRequest. The inputs are decoded when `predict` asks for them, as views of
 * `message` where possible: it must not change before the answer.
 * @param settle completes the spec, or refuses it. Default: refuses one that names no model.
 * @param limits default: DEFAULT_REQUEST_LIMITS.
 * @throws StatusError INVALID_ARGUMENT for malformed bytes or no model; `inputs` throws it for a malformed tensor,
 * and RESOURCE_EXHAUSTED for what is beyond the limits.
 */
export function decodePredictRequest(
  message: Uint8Array,
  settle: (spec: MutableSpec) => void = checkSpec,
  limits?: RequestLimits,
): DecodedPredictRequest {
  const allowance = new RequestAllowance(limits);
  const reader = new WireReader(message, "tensorflow.serving.PredictRequest");
  const spec = emptySpec();
  const tensors = new Map<string, Uint8Array>();
  const outputFilter: string[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(REQUEST_MODEL_SPEC)) {
      const outer = reader.enter();
      readModelSpec(reader, spec);
      reader.leave(outer);
    } else if (tag === bytesTag(REQUEST_INPUTS)) {
      const outer = reader.enter();
      allowance.takeItems();
      readEntry(reader, tensors, allowance);
      reader.leave(outer);
    } else if (tag === bytesTag(REQUEST_OUTPUT_FILTER)) {
      allowance.takeItems();
      outputFilter.push(reader.string());
    } else {
      reader.skip(tag);
    }
  }
  settle(spec);
  return { model: spec, inputs: new EncodedInputs(tensors, allowance), outputFilter };
}

function readEntry(reader: WireReader, tensors: Map<string, Uint8Array>, allowance: RequestAllowance): void {
  let key = "";
  let value: Uint8Array | undefined;
  const more: Uint8Array[] = [];
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(KEY)) {
      key = reader.string();
    } else if (tag === bytesTag(VALUE)) {
      const outer = reader.enter();
      const bytes = reader.rest();
      if (value === undefined) {
        value = bytes;
      } else {
        allowance.takeItems();
        more.push(bytes);
      }
      reader.leave(outer);
    } else {
      reader.skip(tag);
    }
  }
  // Protobuf merges a message that occurs twice, which is what parsing the concatenation does.
  tensors.set(key, more.length === 0 ? (value ?? new Uint8Array(0)) : Buffer.concat([value!, ...more]));
}

/** The inputs of a request, each decoded when it is asked for. */
class EncodedInputs implements NamedInputs {
  readonly #messages: ReadonlyMap<string, Uint8Array>;
  readonly #allowance: RequestAllowance;

  constructor(messages: ReadonlyMap<string, Uint8Array>, allowance: RequestAllowance) {
    this.#messages = messages;
    this.#allowance = allowance;
  }

  keys(): MapIterator<string> {
    return this.#messages.keys();
  }

  has(key: string): boolean {
    return this.#messages.has(key);
  }

  get(key: string): Tensor | undefined {
    const message = this.#messages.get(key);
    if (message === undefined) return undefined;
    try {
      return decodeTensor(message, this.#allowance);
    } catch (error) {
      const { code } = asStatusError(error);
      // TensorFlow Serving doesn't say what is wrong; what the log can say stays in the cause.
      if (code === Code.INVALID_ARGUMENT) {
        throw new StatusError(code, `tensor parsing error: ${key}`, { cause: error });
      }
      throw error;
    }
  }
}

/**
 * A tensorflow.serving.PredictResponse as a gRPC frame, made with one copy of the tensors' values.
 * @throws StatusError RESOURCE_EXHAUSTED above 2 GB; INTERNAL for a tensor that TensorProto can't hold.
 */
export function encodePredictResponse(response: PredictResponse, form: ValueForm): Buffer {
  return encodeNamedTensors(response, form, RESPONSE_MODEL_SPEC);
}

/** The same for messages that have the ModelSpec elsewhere. @param specField the number of its field, up to 15. */
export function encodeNamedTensors(response: PredictResponse, form: ValueForm, specField: number): Buffer {
  const { outputs, tensors, id, signatureName } = response;
  const layouts: TensorLayout[] = [];
  let length = 0;
  for (let i = 0; i < outputs.length; i++) {
    const layout = measureTensor(tensors[i]!, form);
    layouts.push(layout);
    length += fieldSize(entryLength(outputs[i]!, layout));
  }
  const version = versionOf(id.version);
  const specLength = textFieldSize(id.name) + fieldSize(version.length) + textFieldSize(signatureName);
  length += fieldSize(specLength);

  const frame = allocateFrame(length);
  let pos = PREFIX_LENGTH;
  for (let i = 0; i < outputs.length; i++) {
    const layout = layouts[i]!;
    pos = writeFieldStart(frame, pos, RESPONSE_OUTPUTS, entryLength(outputs[i]!, layout));
    pos = writeText(frame, pos, KEY, outputs[i]!);
    pos = writeFieldStart(frame, pos, VALUE, layout.total);
    pos = writeTensor(frame, pos, tensors[i]!, layout, form);
  }
  pos = writeFieldStart(frame, pos, specField, specLength);
  pos = writeText(frame, pos, SPEC_NAME, id.name);
  pos = writeFieldStart(frame, pos, SPEC_VERSION, version.length);
  if (version.length > 0) {
    frame[pos++] = (1 << 3) | Wire.VARINT;
    pos = writeInt64(frame, pos, version.low, version.high);
  }
  writeText(frame, pos, SPEC_SIGNATURE_NAME, signatureName);
  return frame;
}

function entryLength(key: string, value: TensorLayout): number {
  return textFieldSize(key) + fieldSize(value.total);
}

/** An Int64Value's length and its value's halves. Zero, as every default, is not written. */
function versionOf(version: bigint) {
  const low = Number(BigInt.asUintN(32, version));
  const high = Number(BigInt.asUintN(32, version >> 32n));
  return { low, high, length: version === 0n ? 0 : 1 + int64Size(low, high) };
}
