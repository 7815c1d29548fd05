import type { ExamplesRequest } from "../../inference/examples.ts";
import type { InferenceTask, MultiInferenceRequest } from "../../inference/multi-inference.ts";
import { RequestAllowance, type RequestLimits } from "../request-limits.ts";
import { bytesTag, checkSpec, emptySpec, type MutableSpec, readModelSpec } from "./model-spec.ts";
import { WireReader } from "./wire-reader.ts";

// Field numbers: tensorflow_serving/apis/classification.proto, regression.proto, inference.proto and input.proto. A
// tf.Example is not looked into: the model parses it itself.
const REQUEST_MODEL_SPEC = 1;
const REQUEST_INPUT = 2;
const MULTI_TASKS = 1;
const TASK_MODEL_SPEC = 1;
const TASK_METHOD_NAME = 2;
const INPUT_EXAMPLE_LIST = 1;
const INPUT_EXAMPLE_LIST_WITH_CONTEXT = 2;
const LIST_EXAMPLES = 1;
const LIST_CONTEXT = 2;

/** An Input while it is read: protobuf merges one that occurs twice. */
interface MutableInput {
  kind: number;
  examples: Uint8Array[];
  /** What is merged into each example. */
  context: Uint8Array[];
}

/**
 * Decodes a tensorflow.serving.ClassificationRequest or RegressionRequest, which have the same form. The examples are
 * views of `message`: it must not change before the answer.
 * @param settle completes the spec, or refuses it. Default: refuses one that names no model.
 * @param limits default: DEFAULT_REQUEST_LIMITS.
 * @throws StatusError INVALID_ARGUMENT for malformed bytes or no model, RESOURCE_EXHAUSTED for too many examples.
 */
export function decodeExamplesRequest(
  message: Uint8Array,
  type: string,
  settle: (spec: MutableSpec) => void = checkSpec,
  limits?: RequestLimits,
): ExamplesRequest {
  const allowance = new RequestAllowance(limits);
  const reader = new WireReader(message, type);
  const model = emptySpec();
  const input = emptyInput();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(REQUEST_MODEL_SPEC)) within(reader, () => readModelSpec(reader, model));
    else if (tag === bytesTag(REQUEST_INPUT)) within(reader, () => readInput(reader, input, allowance));
    else reader.skip(tag);
  }
  settle(model);
  return { model, examples: mergedExamples(input, allowance) };
}

/** Decodes a tensorflow.serving.MultiInferenceRequest. @throws as {@link decodeExamplesRequest}. */
export function decodeMultiInferenceRequest(
  message: Uint8Array,
  limits?: RequestLimits,
): MultiInferenceRequest {
  const allowance = new RequestAllowance(limits);
  const reader = new WireReader(message, "tensorflow.serving.MultiInferenceRequest");
  const tasks: InferenceTask[] = [];
  const input = emptyInput();
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(MULTI_TASKS)) {
      allowance.takeItems();
      within(reader, () => tasks.push(readTask(reader)));
    } else if (tag === bytesTag(REQUEST_INPUT)) within(reader, () => readInput(reader, input, allowance));
    else reader.skip(tag);
  }
  return { tasks, examples: mergedExamples(input, allowance) };
}

function emptyInput(): MutableInput {
  return { kind: 0, examples: [], context: [] };
}

function within(reader: WireReader, read: () => void): void {
  const outer = reader.enter();
  read();
  reader.leave(outer);
}

function readTask(reader: WireReader): InferenceTask {
  const model = emptySpec();
  let methodName = "";
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(TASK_MODEL_SPEC)) within(reader, () => readModelSpec(reader, model));
    else if (tag === bytesTag(TASK_METHOD_NAME)) methodName = reader.string();
    else reader.skip(tag);
  }
  return { model, methodName };
}

function readInput(reader: WireReader, input: MutableInput, allowance: RequestAllowance): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    const kind = tag >>> 3;
    const isList = kind === INPUT_EXAMPLE_LIST || kind === INPUT_EXAMPLE_LIST_WITH_CONTEXT;
    if (!isList || tag !== bytesTag(kind)) {
      reader.skip(tag);
      continue;
    }
    // Of the kinds of a oneof the last one counts.
    if (input.kind !== kind) Object.assign(input, emptyInput(), { kind });
    within(reader, () => readList(reader, input, allowance));
  }
}

function readList(
  reader: WireReader,
  { kind, examples, context }: MutableInput,
  allowance: RequestAllowance,
): void {
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    allowance.takeItems();
    if (tag === bytesTag(LIST_EXAMPLES)) within(reader, () => examples.push(reader.rest()));
    else if (tag === bytesTag(LIST_CONTEXT) && kind === INPUT_EXAMPLE_LIST_WITH_CONTEXT) {
      within(reader, () => context.push(reader.rest()));
    } else reader.skip(tag);
  }
}

/** Two messages one behind the other are what protobuf merges. */
function mergedExamples(
  { examples, context }: MutableInput,
  allowance: RequestAllowance,
): readonly Uint8Array[] {
  if (context.length === 0) return examples;
  const shared = Buffer.concat(context);
  allowance.takeFill(
    (examples.length - 1) * shared.length,
    () => `the context of ${examples.length} examples`,
  );
  return examples.map((example) => new Uint8Array(Buffer.concat([shared, example])));
}
