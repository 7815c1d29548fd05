import type { ModelSpec, NamedInputs } from "../../inference/predict.ts";
import { SPEC_NAME, SPEC_SIGNATURE_NAME, SPEC_VERSION, SPEC_VERSION_LABEL } from "./model-spec.ts";
import { measureTensor, writeTensor } from "./tensor-encode.ts";
import { Wire } from "./wire-reader.ts";
import {
  fieldSize,
  int64Size,
  textFieldSize,
  writeBytes,
  writeFieldStart,
  writeInt64,
  writeText,
} from "./wire-writer.ts";

// Requests that came as JSON, as the messages that ask the same: for request logs. Field numbers: predict.proto,
// classification.proto, regression.proto, input.proto.
const REQUEST_MODEL_SPEC = 1;
const REQUEST_INPUTS = 2;
const KEY = 1;
const VALUE = 2;
const INPUT_EXAMPLE_LIST = 1;
const LIST_EXAMPLES = 1;

/** A serialized tensorflow.serving.PredictRequest. @throws StatusError INTERNAL for a tensor that TensorProto can't hold. */
export function encodePredictRequest(model: ModelSpec, inputs: NamedInputs): Uint8Array {
  const entries = [...inputs.keys()].map((key) => {
    const tensor = inputs.get(key)!;
    const layout = measureTensor(tensor, "typed");
    return { key, tensor, layout, length: textFieldSize(key) + fieldSize(layout.total) };
  });
  const spec = encodeModelSpec(model);
  let length = fieldSize(spec.length);
  for (const entry of entries) length += fieldSize(entry.length);
  const out = Buffer.allocUnsafe(length);
  let pos = writeBytes(out, writeFieldStart(out, 0, REQUEST_MODEL_SPEC, spec.length), spec);
  for (const { key, tensor, layout, length: entryLength } of entries) {
    pos = writeFieldStart(out, pos, REQUEST_INPUTS, entryLength);
    pos = writeText(out, pos, KEY, key);
    pos = writeFieldStart(out, pos, VALUE, layout.total);
    pos = writeTensor(out, pos, tensor, layout, "typed");
  }
  return out;
}

/**
 * A serialized tensorflow.serving.ClassificationRequest or RegressionRequest, which have the same form.
 * @param examples serialized tf.Examples.
 */
export function encodeExamplesRequest(model: ModelSpec, examples: readonly Uint8Array[]): Uint8Array {
  const spec = encodeModelSpec(model);
  const listLength = examples.reduce((sum, example) => sum + fieldSize(example.length), 0);
  const inputLength = fieldSize(listLength);
  const out = Buffer.allocUnsafe(fieldSize(spec.length) + fieldSize(inputLength));
  let pos = writeBytes(out, writeFieldStart(out, 0, REQUEST_MODEL_SPEC, spec.length), spec);
  pos = writeFieldStart(out, pos, REQUEST_INPUTS, inputLength);
  pos = writeFieldStart(out, pos, INPUT_EXAMPLE_LIST, listLength);
  for (const example of examples) {
    pos = writeBytes(out, writeFieldStart(out, pos, LIST_EXAMPLES, example.length), example);
  }
  return out;
}

/** The field `model_spec` of any of these messages. */
export function encodeSpecField(model: ModelSpec): Uint8Array {
  const spec = encodeModelSpec(model);
  const out = Buffer.allocUnsafe(fieldSize(spec.length));
  writeBytes(out, writeFieldStart(out, 0, REQUEST_MODEL_SPEC, spec.length), spec);
  return out;
}

function encodeModelSpec({ name, version, label, signatureName }: ModelSpec): Uint8Array {
  const low = Number(BigInt.asUintN(32, version ?? 0n));
  const high = Number(BigInt.asUintN(32, (version ?? 0n) >> 32n));
  const versionLength = 1 + int64Size(low, high);
  let length = textFieldSize(name);
  if (version !== undefined) length += fieldSize(versionLength);
  if (label !== undefined) length += textFieldSize(label);
  if (signatureName !== "") length += textFieldSize(signatureName);
  const out = Buffer.allocUnsafe(length);
  let pos = writeText(out, 0, SPEC_NAME, name);
  if (version !== undefined) {
    pos = writeFieldStart(out, pos, SPEC_VERSION, versionLength);
    out[pos++] = (1 << 3) | Wire.VARINT;
    pos = writeInt64(out, pos, low, high);
  }
  if (label !== undefined) pos = writeText(out, pos, SPEC_VERSION_LABEL, label);
  if (signatureName !== "") writeText(out, pos, SPEC_SIGNATURE_NAME, signatureName);
  return out;
}
