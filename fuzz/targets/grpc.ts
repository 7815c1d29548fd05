import assert from "node:assert/strict";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { TensorProtoSchema } from "../../src/proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { ClassificationRequestSchema } from "../../src/proto/gen/tensorflow_serving/apis/classification_pb.ts";
import { PredictRequestSchema } from "../../src/proto/gen/tensorflow_serving/apis/predict_pb.ts";
import {
  decodeExamplesRequest,
  decodeMultiInferenceRequest,
} from "../../src/protocols/grpc/examples-codec.ts";
import { MessageAssembler, PREFIX_LENGTH } from "../../src/protocols/grpc/framing.ts";
import { MessageSplitter } from "../../src/protocols/grpc/message-splitter.ts";
import { decodePredictRequest } from "../../src/protocols/grpc/predict-codec.ts";
import { decodeTensor } from "../../src/protocols/grpc/tensor-decode.ts";
import { measureTensor, writeTensor } from "../../src/protocols/grpc/tensor-encode.ts";
import { MessageMemory } from "../../src/protocols/message-memory.ts";
import { RequestAllowance } from "../../src/protocols/request-limits.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import { type FuzzTarget, unlessRefused } from "../target.ts";

const dims = (...sizes: number[]) => ({ dim: sizes.map((size) => ({ size: BigInt(size) })) });

const TENSORS = [
  create(TensorProtoSchema, { dtype: 1, tensorShape: dims(2, 2), floatVal: [1, 2, 3] }),
  create(TensorProtoSchema, { dtype: 3, tensorShape: dims(3), intVal: [-1, 300, 5] }),
  create(TensorProtoSchema, { dtype: 9, tensorShape: dims(2), int64Val: [-1n, 2n ** 62n] }),
  create(TensorProtoSchema, {
    dtype: 7,
    tensorShape: dims(2),
    stringVal: [Buffer.from("a"), Buffer.from("")],
  }),
  create(TensorProtoSchema, { dtype: 2, tensorShape: dims(1), tensorContent: new Uint8Array(8) }),
  create(TensorProtoSchema, { dtype: 10, tensorShape: dims(), boolVal: [true] }),
  create(TensorProtoSchema, { dtype: 8, tensorShape: dims(2), scomplexVal: [1, 2, 3, 4] }),
];

/** A tensor that is taken holds what its shape says, and can be sent back as what it was. */
const tensor: FuzzTarget = {
  name: "grpc: TensorProto",
  seeds: TENSORS.map((message) => toBinary(TensorProtoSchema, message)),
  run(input) {
    const decoded = unlessRefused(() =>
      decodeTensor(input, new RequestAllowance({ items: 1000, fillBytes: 1 << 20 })),
    );
    if (decoded === undefined) return;
    const count = elementCount(decoded.shape);
    assert.ok(decoded.dtype === "string" ? decoded.data.length === count : decoded.data.length >= count);
    const layout = measureTensor(decoded, "typed");
    const out = new Uint8Array(layout.total);
    assert.equal(writeTensor(out, 0, decoded, layout, "typed"), layout.total);
    const message = fromBinary(TensorProtoSchema, out);
    assert.deepEqual(
      message.tensorShape?.dim.map(({ size }) => Number(size)),
      [...decoded.shape],
    );
    const again = decodeTensor(out, new RequestAllowance({ items: 1000, fillBytes: 1 << 20 }));
    assert.deepEqual([again.dtype, again.shape], [decoded.dtype, decoded.shape]);
  },
};

const requests: FuzzTarget = {
  name: "grpc: requests",
  seeds: [
    toBinary(
      PredictRequestSchema,
      create(PredictRequestSchema, {
        modelSpec: {
          name: "m",
          signatureName: "s",
          versionChoice: { case: "version", value: { value: 3n } },
        },
        inputs: { x: TENSORS[0]!, y: TENSORS[3]! },
        outputFilter: ["a", "b"],
      }),
    ),
    toBinary(
      ClassificationRequestSchema,
      create(ClassificationRequestSchema, {
        modelSpec: { name: "m", versionChoice: { case: "versionLabel", value: "live" } },
        input: {
          kind: {
            case: "exampleListWithContext",
            value: { context: { features: {} }, examples: [{ features: {} }, {}] },
          },
        },
      }),
    ),
  ],
  run(input) {
    unlessRefused(() => {
      const { inputs } = decodePredictRequest(input);
      for (const key of inputs.keys()) inputs.get(key);
    });
    unlessRefused(() => decodeExamplesRequest(input, "tensorflow.serving.ClassificationRequest"));
    unlessRefused(() => decodeMultiInferenceRequest(input));
  },
};

const frame = (message: string, flag = 0) => {
  const bytes = Buffer.alloc(PREFIX_LENGTH + message.length);
  bytes[0] = flag;
  bytes.writeUInt32BE(message.length, 1);
  bytes.write(message, PREFIX_LENGTH);
  return bytes;
};

/** A message is the same in whatever pieces it arrives. */
const framing: FuzzTarget = {
  name: "grpc: framing",
  seeds: [frame("hello"), frame(""), frame("compressed", 1), Buffer.concat([frame("one"), frame("two")])],
  run(input) {
    const whole = unlessRefused(() => assemble(input, input.length || 1));
    const pieces = unlessRefused(() => assemble(input, 1));
    assert.deepEqual(pieces, whole);
    assert.deepEqual(
      unlessRefused(() => split(input, 3)),
      unlessRefused(() => split(input, input.length || 1)),
    );
  },
};

function assemble(input: Uint8Array, size: number): string {
  const assembler = new MessageAssembler(1 << 16, new MessageMemory());
  for (let at = 0; at < input.length; at += size) assembler.push(Buffer.from(input.subarray(at, at + size)));
  const { bytes, compressed } = assembler.finish();
  return `${compressed} ${Buffer.from(bytes).toString("latin1")}`;
}

function split(input: Uint8Array, size: number): readonly string[] {
  const splitter = new MessageSplitter(1 << 16);
  const messages: string[] = [];
  for (let at = 0; at < input.length; at += size) {
    for (const { bytes } of splitter.push(input.subarray(at, at + size))) {
      messages.push(Buffer.from(bytes).toString("latin1"));
    }
  }
  splitter.finish();
  return messages;
}

export const grpcTargets: readonly FuzzTarget[] = [tensor, requests, framing];
