// int64 dimensions as pairs of low and high halves: writing numbers there makes no BigInt.

export function writeDims(dims: Uint32Array, shape: readonly number[]): void {
  for (let i = 0; i < shape.length; i++) {
    const dim = shape[i]!;
    dims[2 * i] = dim;
    dims[2 * i + 1] = dim / 2 ** 32;
  }
}

export function readDims(dims: Uint32Array, rank: number): number[] {
  const shape: number[] = [];
  for (let i = 0; i < rank; i++) shape.push(dims[2 * i]! + dims[2 * i + 1]! * 2 ** 32);
  return shape;
}
