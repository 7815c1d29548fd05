import { readFileSync } from "node:fs";
import { fromBinary } from "@bufbuild/protobuf";
import { difference } from "../../conformance/corpus-case.ts";
import type { EngineModel, OnnxEngine, RunResult, SessionTensor } from "../../src/engines/engine.ts";
import { dtypeOfOnnx } from "../../src/import/onnx/element-type.ts";
import { createSession } from "../../src/loaders/session-creation.ts";
import { ModelProtoSchema, type ValueInfoProto } from "../../src/proto/gen/onnx/onnx_pb.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { type CorpusModel, requestOf, type TimedCase } from "./corpus.ts";

/** A signature as tf2onnx converts it, run by the engine that runs ours. */
export interface Converted {
  readonly model: Uint8Array;
  readonly run: () => RunResult;
  /** Whether the outputs are those that TensorFlow gave. */
  readonly agrees: boolean;
  readonly release: () => void;
}

/** @throws StatusError if ONNX Runtime can't take the model. */
export async function convertedModel(
  path: string,
  model: CorpusModel,
  engine: OnnxEngine,
): Promise<Converted> {
  const source = engineModel(readFileSync(path));
  const { session } = await createSession(engine, { model: source, isUnbounded: false }, undefined);
  const attached = engine.attach(session);
  const release = () => {
    attached.release();
    engine.destroy(session);
  };
  try {
    const request = requestOf(model, []);
    const inputs = attached.inputs.map(({ name }) => request.get(name)!);
    const outputs = attached.outputs.map((_, i) => i);
    const answer = attached.run(inputs, outputs);
    const names = attached.outputs.map(({ name }) => name);
    const agrees = sameAnswer(names, answer.tensors, model);
    answer.dispose();
    return { model: source.graph, run: () => attached.run(inputs, outputs), agrees, release };
  } catch (error) {
    release();
    throw error;
  }
}

function sameAnswer(names: readonly string[], tensors: readonly Tensor[], model: CorpusModel): boolean {
  return Object.entries(model.case.outputs ?? {}).every(([key, expected]) => {
    const got = tensors[names.indexOf(key)];
    return (
      got !== undefined && difference(got, model.folder, expected, key, withInputs(model.case)) === undefined
    );
  });
}

function withInputs(timed: TimedCase) {
  return { ...timed, inputs: timed.inputs ?? {} };
}

function engineModel(graph: Uint8Array): EngineModel {
  const proto = fromBinary(ModelProtoSchema, graph).graph!;
  const initialized = new Set(proto.initializer.map(({ name }) => name));
  return {
    graph,
    weights: [],
    inputs: proto.input.filter(({ name }) => !initialized.has(name)).map(sessionTensor),
    outputs: proto.output.map(sessionTensor),
  };
}

function sessionTensor({ name, type }: ValueInfoProto): SessionTensor {
  if (type?.value.case !== "tensorType") throw new Error(`${name} is no tensor`);
  const { elemType, shape } = type.value.value;
  const dims = shape?.dim.map(({ value }) => (value.case === "dimValue" ? Number(value.value) : -1));
  return { name, dtype: dtypeOfOnnx(elemType), shape: dims };
}
