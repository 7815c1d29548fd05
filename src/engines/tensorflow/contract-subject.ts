import { createTensorFlowEngine, type TensorFlowEngine } from "./engine.ts";
import { foundLibrary } from "./found-library.ts";

export function createEngine(): TensorFlowEngine {
  return createTensorFlowEngine(foundLibrary!);
}
