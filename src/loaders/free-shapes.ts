import type { Engine } from "../engines/engine.ts";
import type { CompiledSignature, SignatureCompiler } from "../import/compile.ts";
import type { CompiledSession } from "../import/program.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount, type PartialShape } from "../tensor/shape.ts";
import type { Signature } from "../tensor/signature.ts";
import { runConstantSteps } from "./constant-steps.ts";

// TensorFlow feeds an input of any shape, whatever the signature declares, and leaves it to the ops whether they can take
// it: half_plus_two declares [?,1], and the request that its docs show sends [3]. Our programs are made for the declared
// shapes, which is what makes them fast. So a small model has second programs, for requests with other shapes.

/** The most bytes of graph and weights of a signature with a second program: making one takes as long as the first. */
export const MAX_BYTES = 4 << 20;

/**
 * The signature compiled for inputs of any shape, or of any sizes of the declared ranks; undefined for a large one, one
 * that declares no shapes, and one that ONNX needs the shapes of.
 * @param declared the same signature, compiled as it is declared.
 */
export async function compileFree(
  compiler: SignatureCompiler,
  key: string,
  signature: Signature,
  declared: CompiledSignature,
  engine: Engine,
): Promise<CompiledSignature | undefined> {
  if (declared.sessions.length === 0 || bytesOf(declared.sessions) > MAX_BYTES) return undefined;
  for (const free of [withShapes(signature, () => undefined), withShapes(signature, anySizes)]) {
    if (free === undefined) continue;
    try {
      return await runConstantSteps(await compiler.compile(key, free), engine);
    } catch {
      // The declared shapes are needed: requests that have others are refused.
    }
  }
  return undefined;
}

function anySizes(shape: PartialShape): PartialShape {
  return shape?.map(() => -1);
}

/** Undefined if nothing changes. */
function withShapes(
  signature: Signature,
  change: (shape: PartialShape) => PartialShape,
): Signature | undefined {
  let changed = false;
  const inputs = new Map(
    [...signature.inputs].map(([key, tensor]) => {
      const shape = change(tensor.shape);
      changed ||= shape?.join() !== tensor.shape?.join();
      return [key, { ...tensor, shape }];
    }),
  );
  return changed ? { ...signature, inputs } : undefined;
}

function bytesOf(sessions: readonly CompiledSession[]): number {
  let bytes = 0;
  for (const { model } of sessions) {
    bytes += model.graph.length;
    for (const { dtype, shape } of model.weights) bytes += elementCount(shape) * dtypeInfo(dtype).size;
  }
  return bytes;
}
