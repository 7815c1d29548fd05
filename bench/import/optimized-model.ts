import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { InferenceSession } from "onnxruntime-node";
import type { EngineModel, Weight } from "../../src/engines/engine.ts";
import { weightBytes } from "../../src/engines/weight.ts";
import {
  ModelProtoSchema,
  TensorProto_DataLocation,
  TensorProtoSchema,
} from "../../src/proto/gen/onnx/onnx_pb.ts";

/** A model, its weights inside, as ONNX Runtime's optimizer leaves it. */
export async function optimizedModel(model: Uint8Array): Promise<Uint8Array> {
  const folder = mkdtempSync(join(tmpdir(), "servable-bench-"));
  try {
    const path = join(folder, "optimized.onnx");
    const session = await InferenceSession.create(model, {
      graphOptimizationLevel: "all",
      optimizedModelFilePath: path,
      intraOpNumThreads: 1,
      logSeverityLevel: 4,
    });
    await session.release();
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The model with its weights inside. */
export function withWeights(model: EngineModel): Uint8Array {
  const proto = fromBinary(ModelProtoSchema, model.graph);
  const weights = new Map(model.weights.map((weight) => [weight.name, weight]));
  const { graph } = proto;
  if (graph === undefined) return model.graph;
  graph.initializer = graph.initializer.map((tensor) => {
    const weight = weights.get(tensor.name);
    if (weight === undefined) return tensor;
    return create(TensorProtoSchema, {
      name: tensor.name,
      dataType: tensor.dataType,
      dims: tensor.dims,
      rawData: bytesOf(weight),
      dataLocation: TensorProto_DataLocation.DEFAULT,
    });
  });
  return toBinary(ModelProtoSchema, proto);
}

function bytesOf(weight: Weight): Uint8Array {
  const bytes = new Uint8Array(weightBytes(weight));
  weight.read(bytes);
  return bytes;
}
