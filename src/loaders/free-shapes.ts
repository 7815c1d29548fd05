import type { OnnxEngine } from "../engines/engine.ts";
import type { CompiledSignature, SignatureCompiler } from "../import/compile.ts";
import type { CompiledSession } from "../import/program.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount, type PartialShape } from "../tensor/shape.ts";
import type { Signature, SignatureTensor } from "../tensor/signature.ts";
import { runConstantSteps } from "./constant-steps.ts";

// TensorFlow feeds an input of any shape, whatever the signature declares, and leaves it to the ops whether they can take
// it: half_plus_two declares [?,1], and the request that its docs show sends [3]. Our programs are made for the declared
// shapes, which is what makes them fast. So a small model has second programs, for requests with other shapes.

/** The most bytes of graph and weights of a signature with a second program: making one takes as long as the first. */
export const MAX_BYTES = 4 << 20;

export interface FreeSignature {
  readonly compiled: CompiledSignature;
  /** What each input may be, in the signature's order. */
  readonly shapes: readonly PartialShape[];
}

/**
 * The signature compiled for inputs of any shape, or of other sizes of the declared ranks; undefined for a large one, one
 * that declares no shapes, and one that ONNX needs the shapes of.
 * @param declared the same signature, compiled as it is declared.
 */
export async function compileFree(
  compiler: SignatureCompiler,
  key: string,
  signature: Signature,
  declared: CompiledSignature,
  engine: OnnxEngine,
): Promise<FreeSignature | undefined> {
  if (declared.sessions.length === 0 || bytesOf(declared.sessions) > MAX_BYTES) return undefined;
  for (const free of [withShapes(signature, () => undefined), withShapes(signature, otherSizes)]) {
    if (free === undefined) continue;
    try {
      const compiled = await compiler.compile(key, free, true);
      return { compiled: await runConstantSteps(compiled, engine), shapes: shapesOf(free) };
    } catch {
      // The declared shapes are needed: requests that have others are refused.
    }
  }
  return undefined;
}

/**
 * Any batch, any height and width, any length of a text. The last size of numbers stays: it is what layers multiply by
 * and add to, which ONNX would stretch a size of 1 for.
 */
function otherSizes({ shape, dtype }: SignatureTensor): PartialShape {
  const fixed = dtype === "string" || dtype.startsWith("int") ? undefined : (shape?.length ?? 0) - 1;
  return shape?.map((dim, i) => (i === fixed ? dim : -1));
}

function shapesOf({ inputs }: Signature): readonly PartialShape[] {
  return [...inputs.values()].map(({ shape }) => shape);
}

/** Undefined if nothing changes. */
function withShapes(
  signature: Signature,
  change: (tensor: SignatureTensor) => PartialShape,
): Signature | undefined {
  let changed = false;
  const inputs = new Map(
    [...signature.inputs].map(([key, tensor]) => {
      const shape = change(tensor);
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
