import { sliceRows } from "../../src/batching/merge-tensors.ts";
import { type FloatType, floatsOf, floatTensor, newFloats } from "../../src/host/math/floats.ts";
import { elementCount } from "../../src/tensor/shape.ts";
import type { NumericTensor, StringTensor, Tensor } from "../../src/tensor/tensor.ts";
import type { SeededRandom } from "../../src/verification/seeded-random.ts";

const ROWS = [1, 1, 2, 3, 5, 8];
const MOST_ELEMENTS = 1 << 18;
const FLOATS = ["float16", "bfloat16", "float32", "float64"];

/**
 * Inputs like those of a request that a model is known to answer: other rows of it, in other numbers, and with some values
 * changed. It says more than made-up values where an input holds images or serialized examples.
 * @param free the positions of the inputs whose first dimension may have any size.
 */
export function variedCase(
  inputs: readonly Tensor[],
  free: ReadonlySet<number>,
  random: SeededRandom,
): readonly Tensor[] {
  const batches = new Set([...free].map((position) => inputs[position]!.shape[0]));
  const [batch] = batches;
  const rows =
    batches.size === 1 && batch! > 0 && random.chance(0.7)
      ? Array.from({ length: random.pick(ROWS) }, () => random.integer(0, batch!))
      : undefined;
  const isChanged = random.chance(0.6);
  return inputs.map((tensor, position) => {
    const chosen = rows !== undefined && free.has(position) ? rowsOf(tensor, rows) : tensor;
    return isChanged && random.chance(0.7) ? changed(chosen, random) : chosen;
  });
}

function rowsOf(tensor: Tensor, rows: readonly number[]): Tensor {
  const shape = [rows.length, ...tensor.shape.slice(1)];
  if (elementCount(shape) > MOST_ELEMENTS) return tensor;
  const parts = rows.map((row) => sliceRows(tensor, row, row + 1));
  if (tensor.dtype === "string") {
    return { dtype: "string", shape, data: (parts as StringTensor[]).flatMap(({ data }) => data) };
  }
  const array = tensor.data.constructor as new (length: number) => Float64Array;
  const data = new array(parts.reduce((sum, part) => sum + part.data.length, 0));
  let at = 0;
  for (const part of parts as NumericTensor[]) {
    data.set(part.data as Float64Array, at);
    at += part.data.length;
  }
  return { ...tensor, shape, data } as NumericTensor;
}

function changed(tensor: Tensor, random: SeededRandom): Tensor {
  if (tensor.dtype === "string") return changedStrings(tensor, random);
  if (!FLOATS.includes(tensor.dtype)) return shuffled(tensor, random);
  const values = newFloats(tensor.dtype as FloatType, tensor.data.length);
  values.set(floatsOf(tensor));
  const scale = random.pick([0.01, 0.1, 1]);
  for (let i = 0; i < values.length; i++) values[i]! += scale * random.normal();
  return floatTensor(tensor.dtype as FloatType, tensor.shape, values);
}

/** Whole numbers are mostly indexes: others of the same tensor are meaningful too. */
function shuffled(tensor: NumericTensor, random: SeededRandom): NumericTensor {
  const data = tensor.data.slice() as Float64Array;
  for (let i = 0; i < data.length; i++) {
    if (random.chance(0.5)) data[i] = data[random.integer(0, data.length)]!;
  }
  return { ...tensor, data } as NumericTensor;
}

function changedStrings({ shape, data }: StringTensor, random: SeededRandom): StringTensor {
  const strings = data.map((bytes) => {
    const at = random.unit();
    if (at < 0.6 || bytes.length === 0) return bytes;
    if (at < 0.8) return random.pick(data);
    const copy = Uint8Array.from(bytes);
    copy[random.integer(0, copy.length)] = random.integer(0, 256);
    return at < 0.9 ? copy : copy.subarray(0, random.integer(0, copy.length));
  });
  return { dtype: "string", shape, data: strings };
}
