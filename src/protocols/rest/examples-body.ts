import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { type Example, ExampleSchema } from "../../proto/gen/tensorflow/core/example/example_pb.ts";
import type { FeatureSchema } from "../../proto/gen/tensorflow/core/example/feature_pb.ts";
import { invalidArgument } from "../../status/status.ts";
import { DEFAULT_REQUEST_LIMITS, RequestAllowance, type RequestLimits } from "../request-limits.ts";
import { type Json, JsonObject, parseDocument } from "./json/document.ts";
import { printJson } from "./json/print.ts";
import { base64Of, isBase64, jsonType } from "./json/values.ts";
import { signatureName } from "./predict-document.ts";

// From the body of a classify or regress request to tf.Examples, with TensorFlow Serving's rules, order of checks and
// error texts (util/json_tensor.cc), which clients match on. protobuf-es writes the Examples; it takes long to load, so
// that the handler imports this module when the first such request comes.

export interface ExamplesBody {
  readonly signatureName: string;
  /** Serialized, with the context merged into each. */
  readonly examples: readonly Uint8Array[];
}

/**
 * @param limits default: DEFAULT_REQUEST_LIMITS.
 * @throws StatusError INVALID_ARGUMENT; RESOURCE_EXHAUSTED for a context that is too large for so many examples.
 */
export function readExamplesBody(
  body: Uint8Array,
  limits: RequestLimits = DEFAULT_REQUEST_LIMITS,
): ExamplesBody {
  const document = parseDocument(body, limits.items);
  if (!(document instanceof JsonObject)) {
    throw invalidArgument(`JSON Value: ${printJson(document)} Is not object`);
  }
  const name = signatureName(document);
  const refuse = (why: string) => invalidArgument(`JSON Value: ${printJson(document)} ${why}`);
  const context = document.get("context");
  const shared = context === undefined ? new Uint8Array(0) : serialized(context);
  const examples = document.get("examples");
  if (examples === undefined) {
    throw refuse("When method is classify, key 'examples' is expected and was not found");
  }
  if (!Array.isArray(examples)) throw refuse("Expecting 'examples' value to be an list/array");
  if (examples.length === 0) throw refuse("'examples' value is an empty array");
  new RequestAllowance(limits).takeFill(
    (examples.length - 1) * shared.length,
    () => `the context of ${examples.length} examples`,
  );
  return {
    signatureName: name,
    // Two messages one behind the other are what protobuf merges.
    examples: examples.map((example) => new Uint8Array(Buffer.concat([shared, serialized(example)]))),
  };
}

function serialized(value: Json): Uint8Array {
  return toBinary(ExampleSchema, exampleOf(value));
}

function exampleOf(value: Json): Example {
  if (!(value instanceof JsonObject)) {
    throw invalidArgument(`Example must be JSON object but got JSON ${jsonType(value)}`);
  }
  // Without a prototype, so that `__proto__` is a name like any other.
  const feature: Record<string, MessageInitShape<typeof FeatureSchema>> = Object.create(null);
  for (const [i, name] of value.keys.entries()) {
    const content = value.values[i]!;
    const values = Array.isArray(content) ? content : [content];
    // Of a name that comes twice the last one counts.
    feature[name] = featureOf(name, values);
  }
  return create(ExampleSchema, { features: { feature } });
}

type FeatureKind = "bytes" | "float" | "int64";

/** The type that a value of a feature is of: the first one decides for all. */
function kindOf(name: string, value: Json): FeatureKind {
  if (typeof value === "boolean" || typeof value === "bigint") return "int64";
  if (typeof value === "number") return "float";
  if (value instanceof Uint8Array || (value instanceof JsonObject && isBase64(value))) return "bytes";
  throw invalidArgument(`Feature: ${name} has element with unexpected JSON type: ${jsonType(value)}`);
}

function featureOf(name: string, values: readonly Json[]): MessageInitShape<typeof FeatureSchema> {
  let kind: FeatureKind | undefined;
  for (const value of values) {
    const found = kindOf(name, value);
    kind ??= found;
    if (found !== kind) {
      throw invalidArgument(`Unexpected element type in feature: ${name} expecting type: ${kind}`);
    }
  }
  switch (kind) {
    case undefined:
      return {};
    case "bytes":
      return { kind: { case: "bytesList", value: { value: values.map(bytesOf) } } };
    case "float":
      return { kind: { case: "floatList", value: { value: (values as number[]).map(Math.fround) } } };
    case "int64":
      return { kind: { case: "int64List", value: { value: values.map((value) => int64Of(name, value)) } } };
  }
}

function bytesOf(value: Json): Uint8Array {
  return value instanceof JsonObject ? base64Of(value) : (value as Uint8Array);
}

function int64Of(name: string, value: Json): bigint {
  const number = BigInt(value as boolean | bigint);
  if (number < 2n ** 63n) return number;
  throw invalidArgument(`Feature: ${name} has uint64 element. Only int64 is supported.`);
}
