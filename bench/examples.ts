import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { hostOps } from "../src/host/table.ts";
import { encodeNumbers } from "../src/import/onnx/builder.ts";
import { ExampleSchema } from "../src/proto/gen/tensorflow/core/example/example_pb.ts";
import { type Feature, FeatureSchema } from "../src/proto/gen/tensorflow/core/example/feature_pb.ts";
import {
  type AttrValue,
  AttrValue_ListValueSchema,
  AttrValueSchema,
} from "../src/proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import { Attributes } from "../src/registry/attributes.ts";
import { opDefinition } from "../src/registry/op-registry.ts";
import type { Tensor } from "../src/tensor/tensor.ts";
import { formatTable } from "./table.ts";

/** Some batches of Examples of one kind. */
interface Workload {
  readonly name: string;
  readonly kind: "float" | "int64" | "string";
  readonly form: "dense" | "sparse";
  readonly features: number;
  /** Of each feature in each Example. */
  readonly values: number;
}

const BATCH = 32;
const ROUNDS = 15;
const ROUND_MILLISECONDS = 60;
const STRING_BYTES = 12;

const WORKLOADS: readonly Workload[] = [
  { name: "dense floats, 1 feature of 784", kind: "float", form: "dense", features: 1, values: 784 },
  { name: "dense floats, 20 features of 32", kind: "float", form: "dense", features: 20, values: 32 },
  { name: "dense floats, 100 features of 1", kind: "float", form: "dense", features: 100, values: 1 },
  { name: "dense int64s, 1 feature of 784", kind: "int64", form: "dense", features: 1, values: 784 },
  { name: "dense int64s, 100 features of 1", kind: "int64", form: "dense", features: 100, values: 1 },
  { name: "dense strings, 20 features of 4", kind: "string", form: "dense", features: 20, values: 4 },
  { name: "dense strings, 100 features of 1", kind: "string", form: "dense", features: 100, values: 1 },
  { name: "sparse floats, 20 features of 32", kind: "float", form: "sparse", features: 20, values: 32 },
  { name: "sparse int64s, 20 features of 32", kind: "int64", form: "sparse", features: 20, values: 32 },
  { name: "sparse strings, 20 features of 4", kind: "string", form: "sparse", features: 20, values: 4 },
];

const encoder = new TextEncoder();

function feature(kind: Workload["kind"], values: number, seed: number): Feature {
  const numbers = Array.from({ length: values }, (_, i) => (seed * 7919 + i * 104729) % 50_000);
  switch (kind) {
    case "float":
      return create(FeatureSchema, {
        kind: { case: "floatList", value: { value: numbers.map((number) => number / 1000) } },
      });
    case "int64":
      return create(FeatureSchema, { kind: { case: "int64List", value: { value: numbers.map(BigInt) } } });
    case "string": {
      const value = numbers.map((number) => encoder.encode(String(number).padStart(STRING_BYTES, "word ")));
      return create(FeatureSchema, { kind: { case: "bytesList", value: { value } } });
    }
  }
}

const TYPES = { float: DataType.DT_FLOAT, int64: DataType.DT_INT64, string: DataType.DT_STRING };

type ListValue = MessageInitShape<typeof AttrValue_ListValueSchema>;

function list(value: ListValue): AttrValue {
  return create(AttrValueSchema, {
    value: { case: "list", value: create(AttrValue_ListValueSchema, value) },
  });
}

function strings(texts: readonly string[]): Tensor {
  return { dtype: "string", shape: [texts.length], data: texts.map((text) => encoder.encode(text)) };
}

/** The inputs of ParseExampleV2, and a run of its kernel on them. */
function prepare({ kind, form, features, values }: Workload): {
  readonly bytes: number;
  readonly run: () => void;
} {
  const keys = Array.from({ length: features }, (_, i) => `feature_${i}`);
  const examples = Array.from({ length: BATCH }, (_, example) => {
    const map = Object.fromEntries(
      keys.map((key, i) => [key, feature(kind, values, example * features + i)]),
    );
    return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature: map } }));
  });
  const isDense = form === "dense";
  const types = keys.map(() => TYPES[kind]);
  const attrs = {
    Tdense: list({ type: isDense ? types : [] }),
    dense_shapes: list({ shape: isDense ? keys.map(() => ({ dim: [{ size: BigInt(values) }] })) : [] }),
    num_sparse: create(AttrValueSchema, { value: { case: "i", value: BigInt(isDense ? 0 : features) } }),
    sparse_types: list({ type: isDense ? [] : types }),
    ragged_value_types: list({}),
    ragged_split_types: list({}),
  };
  const kernel = hostOps.ParseExampleV2!.compile(
    new Attributes("parse", attrs, opDefinition("ParseExampleV2")),
  );
  const dtype = kind === "float" ? "float32" : kind;
  const none: Tensor =
    dtype === "string" ? strings([]) : { dtype, shape: [0], data: encodeNumbers(dtype, []) };
  const inputs = [
    { dtype: "string", shape: [BATCH], data: examples },
    strings([]),
    strings(isDense ? [] : keys),
    strings(isDense ? keys : []),
    strings([]),
    ...(isDense ? keys.map(() => none) : []),
  ] as const;
  return { bytes: examples.reduce((sum, { length }) => sum + length, 0), run: () => kernel(inputs) };
}

/** Megabytes of serialized tf.Examples that ParseExampleV2 takes in a second on one thread. */
export function benchExamples(): void {
  const loads = WORKLOADS.map((workload) => ({ workload, ...prepare(workload), rates: [] as number[] }));
  for (let round = 0; round <= ROUNDS; round++) {
    for (const { bytes, run, rates } of loads) {
      const start = performance.now();
      let runs = 0;
      for (; performance.now() - start < ROUND_MILLISECONDS; runs++) run();
      // The first is for the compiler.
      if (round > 0) rates.push((runs * bytes) / 1000 / (performance.now() - start));
    }
  }
  const rows = loads.map(({ workload, bytes, rates }) => {
    const sorted = rates.toSorted((a, b) => a - b);
    return [
      workload.name,
      (bytes / BATCH).toFixed(0),
      sorted[rates.length >> 1]!.toFixed(0),
      sorted.at(-1)!.toFixed(0),
    ];
  });
  const header = [`tf.Examples, batches of ${BATCH}`, "bytes each", "MB/s, median", "best"];
  process.stdout.write(formatTable(header, rows));
}
