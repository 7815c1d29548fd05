import type { Signature, SignatureTensor } from "../../lifecycle/servable.ts";
import { asStatusError, formatStatus, invalidArgument, unimplemented } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, sameShape } from "../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../tensor/tensor.ts";
import { type Json, JsonObject } from "./json/document.ts";
import { printJson } from "./json/print.ts";
import { base64Of, isBase64, jsonType } from "./json/values.ts";
import type { PredictInputs } from "./predict-scan.ts";
import { typeName } from "./type-names.ts";

/**
 * From a parsed predict body to tensors, with TensorFlow Serving's rules, order of checks and error texts
 * (util/json_tensor.cc), which clients match on.
 */

/** @throws StatusError INVALID_ARGUMENT if `signature_name` is not a string. */
export function signatureName(document: JsonObject): string {
  const name = document.get("signature_name");
  if (name === undefined) return "";
  if (name instanceof Uint8Array) return Buffer.from(name).toString();
  throw invalidArgument(
    `JSON Value: ${printJson(document)} not formatted correctly. 'signature_name' key must be a string value.`,
  );
}

/** @throws StatusError INVALID_ARGUMENT, or UNIMPLEMENTED for a type that JSON can't give in columnar form. */
export function readPredictDocument(document: JsonObject, signature: Signature): PredictInputs {
  if (signature.inputs.size === 0) {
    throw invalidArgument(`Failed to get input map for signature: ${signatureName(document) || "DEFAULT"}`);
  }
  const instances = document.get("instances");
  const inputs = document.get("inputs");
  if (instances === undefined) {
    if (inputs === undefined) throw invalidArgument("Missing 'inputs' or 'instances' key");
    return { columnar: true, tensors: readColumns(inputs, signature) };
  }
  const refuse = (why: string) => invalidArgument(`JSON Value: ${printJson(document)} ${why}`);
  if (inputs !== undefined) {
    throw refuse("Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist ");
  }
  if (!Array.isArray(instances)) throw refuse("Excepting 'instances' to be an list/array");
  if (instances.length === 0) throw refuse("No values in 'instances' array");
  return { columnar: false, tensors: readRows(instances, signature) };
}

function readColumns(inputs: Json, signature: Signature): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  if (!(inputs instanceof JsonObject) || isBase64(inputs)) {
    if (signature.inputs.size > 1) {
      throw invalidArgument(
        "inputs is a plain value/list, but expecting an object as multiple input tensors required as per " +
          "tensorinfo_map",
      );
    }
    const [[key, spec]] = [...signature.inputs] as [[string, SignatureTensor]];
    tensors.set(key, column(inputs, spec.dtype));
    return tensors;
  }
  for (const [key, spec] of signature.inputs) {
    const value = inputs.get(key);
    if (value === undefined) throw invalidArgument(`Missing named input: ${key} in 'inputs' object.`);
    tensors.set(key, column(value, spec.dtype));
  }
  return tensors;
}

function column(value: Json, dtype: DType): Tensor {
  const shape = leadingShape(value);
  const elements: Element[] = [];
  collect(value, 0, dtype, shape, elements);
  return toTensor(dtype, shape, elements);
}

/** What the instances gave of one input so far. */
interface Stack {
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly size: number;
  readonly elements: Element[];
}

function readRows(instances: readonly Json[], signature: Signature): Map<string, Tensor> {
  const [first] = instances;
  if (!(first instanceof JsonObject) && signature.inputs.size > 1) {
    throw invalidArgument(
      "instances is a plain list, but expecting list of objects as multiple input tensors required as per " +
        "tensorinfo_map",
    );
  }
  const named = isNamed(first!);
  const stacks = new Map<string, Stack>();
  instances.forEach((instance, i) => {
    if (named) addNamed(stacks, signature, instance, i);
    else addPlain(stacks, signature, instance, i);
  });
  const tensors = new Map<string, Tensor>();
  for (const [key, { dtype, shape, elements }] of stacks) {
    tensors.set(key, toTensor(dtype, [instances.length, ...shape], elements));
  }
  return tensors;
}

function isNamed(value: Json): value is JsonObject {
  return value instanceof JsonObject && !isBase64(value);
}

function addNamed(stacks: Map<string, Stack>, signature: Signature, instance: Json, i: number): void {
  if (!isNamed(instance)) throw invalidArgument(`Expecting object but got list at item ${i} of input list`);
  instance.keys.forEach((key, k) => {
    try {
      addInstance(stacks, signature, key, instance.values[k]!);
    } catch (error) {
      throw invalidArgument(
        `Failed to process element: ${i} key: ${key} of 'instances' list. Error: ${formatStatus(asStatusError(error))}`,
      );
    }
  });
  // Unknown keys have been refused above.
  if (new Set(instance.keys).size !== signature.inputs.size) {
    throw invalidArgument(
      `Failed to process element: ${i} of 'instances' list. JSON object: ${printJson(instance)} must only have ` +
        `keys: ${[...signature.inputs.keys()].sort().join(",")}`,
    );
  }
}

function addPlain(stacks: Map<string, Stack>, signature: Signature, instance: Json, i: number): void {
  if (isNamed(instance)) {
    throw invalidArgument(`Expecting value/list but got object at item ${i} of input list`);
  }
  const [key] = signature.inputs.keys();
  try {
    addInstance(stacks, signature, key!, instance);
  } catch (error) {
    throw invalidArgument(
      `Failed to process element: ${i} of 'instances' list. Error: ${formatStatus(asStatusError(error))}`,
    );
  }
}

function addInstance(stacks: Map<string, Stack>, signature: Signature, key: string, value: Json): void {
  const spec = signature.inputs.get(key);
  if (spec === undefined) throw invalidArgument(`JSON object: does not have named input: ${key}`);
  const shape = leadingShape(value);
  const stack = stacks.get(key);
  const elements = stack?.elements ?? [];
  const before = elements.length;
  collect(value, 0, spec.dtype, shape, elements);
  const size = elements.length - before;
  if (stack === undefined) {
    stacks.set(key, { dtype: spec.dtype, shape, size, elements });
  } else if (stack.size !== size) {
    throw invalidArgument(`Expecting tensor size: ${stack.size} but got: ${size}`);
  } else if (!sameShape(stack.shape, shape)) {
    throw invalidArgument(`Expecting shape [${stack.shape.join(",")}] but got: [${shape.join(",")}]`);
  }
}

type Element = number | bigint | Uint8Array;

/** The lengths of the value, its first element, that one's first element, and so on. */
function leadingShape(value: Json): number[] {
  const shape: number[] = [];
  for (let at: Json | undefined = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  return shape;
}

function collect(value: Json, level: number, dtype: DType, shape: readonly number[], into: Element[]): void {
  const rank = shape.length;
  if (!Array.isArray(value)) {
    if (level !== rank) {
      throw invalidArgument(
        `JSON Value: ${printJson(value)} found at incorrect level: ${level + 1} in the JSON DOM. ` +
          `Expected at level: ${rank}`,
      );
    }
    into.push(element(value, dtype));
    return;
  }
  if (level >= rank) {
    throw invalidArgument(`Encountered list at unexpected level: ${level} expected < ${rank}`);
  }
  if (value.length !== shape[level]) {
    throw invalidArgument(
      `Encountered list at unexpected size: ${value.length} at level: ${level} expected size: ${shape[level]}`,
    );
  }
  for (const item of value) collect(item, level + 1, dtype, shape, into);
}

const INT32_MIN = -(2n ** 31n);
const INT32_MAX = 2n ** 31n - 1n;

function element(value: Json, dtype: DType): Element {
  const integer = (min: bigint, max: bigint): bigint => {
    if (typeof value === "bigint" && value >= min && value <= max) return value;
    throw typeError(value, dtype);
  };
  if (value instanceof JsonObject) {
    if (dtype !== "string") throw typeError(value, dtype);
    return base64Of(value);
  }
  switch (dtype) {
    case "float32":
    case "float64":
      if (typeof value === "number" || typeof value === "bigint") return Number(value);
      throw typeError(value, dtype);
    case "int32":
    case "int16":
    case "int8":
    case "uint8":
      return Number(integer(INT32_MIN, INT32_MAX));
    case "uint32":
      return Number(integer(0n, 2n ** 32n - 1n));
    case "int64":
      return integer(-(2n ** 63n), 2n ** 63n - 1n);
    case "uint64":
      return integer(0n, 2n ** 64n - 1n);
    case "bool":
      if (typeof value === "boolean") return value ? 1 : 0;
      throw typeError(value, dtype);
    case "string":
      if (value instanceof Uint8Array) return value;
      throw typeError(value, dtype);
    default:
      throw unimplemented(`Conversion of JSON Value: ${printJson(value)} to type: ${typeName(dtype)}`);
  }
}

function typeError(value: Json, dtype: DType) {
  return invalidArgument(
    `JSON Value: ${printJson(value)} Type: ${jsonType(value)} is not of expected type: ${typeName(dtype)}`,
  );
}

/** A key that an instance gives twice leaves more elements than the shape has: the surplus is dropped. */
function toTensor(dtype: DType, shape: readonly number[], elements: readonly Element[]): Tensor {
  const count = elementCount(shape);
  if (dtype === "string") return { dtype, shape, data: elements.slice(0, count) as Uint8Array[] };
  const { name, array: Values, lanes } = dtypeInfo(dtype);
  if (Values === undefined) throw unimplemented(`Conversion of JSON to type: ${typeName(dtype)}`);
  const data = new Values(count * lanes);
  for (let i = 0; i < count; i++) (data as { [i: number]: Element })[i] = elements[i]!;
  return { dtype: name as NumericTensor["dtype"], shape, data };
}
