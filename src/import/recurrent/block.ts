import type { GraphNode } from "../graph.ts";

/** A part of a variable or constant, seen as a tensor of its own: which elements of its source it consists of. */
export interface Block {
  /** A Const or VariableValue node. */
  readonly source: GraphNode;
  /** What tells two sources apart: equal for two reads of one variable. */
  readonly sourceKey: string;
  readonly sourceShape: readonly number[];
  /** The position of the first element in the row-major source, in elements. */
  readonly offset: number;
  readonly shape: readonly number[];
  /** How far apart neighbours along each axis lie in the source, in elements. */
  readonly strides: readonly number[];
}

export function wholeBlock(source: GraphNode, sourceKey: string, shape: readonly number[]): Block {
  return { source, sourceKey, sourceShape: shape, offset: 0, shape, strides: rowMajor(shape) };
}

export function blockKey({ sourceKey, offset, shape, strides }: Block): string {
  return `${sourceKey}+${offset}[${shape}/${strides}]`;
}

export function rowMajor(shape: readonly number[]): readonly number[] {
  return shape.map((_, axis) => shape.slice(axis + 1).reduce((product, dim) => product * dim, 1));
}

/** Elements `start` to `start + size` along an axis. */
export function narrowBlock(block: Block, axis: number, start: number, size: number): Block | undefined {
  const dim = block.shape[axis];
  if (dim === undefined || start < 0 || size < 0 || start + size > dim) return undefined;
  return {
    ...block,
    offset: block.offset + start * block.strides[axis]!,
    shape: block.shape.with(axis, size),
  };
}

/** Without an axis of size one. */
export function squeezeBlock(block: Block, axis: number): Block | undefined {
  if (block.shape[axis] !== 1) return undefined;
  return { ...block, shape: block.shape.toSpliced(axis, 1), strides: block.strides.toSpliced(axis, 1) };
}

export function transposeBlock(block: Block, perm: readonly number[]): Block | undefined {
  if (perm.length !== block.shape.length || new Set(perm).size !== perm.length) return undefined;
  if (!perm.every((axis) => block.shape[axis] !== undefined)) return undefined;
  return {
    ...block,
    shape: perm.map((axis) => block.shape[axis]!),
    strides: perm.map((axis) => block.strides[axis]!),
  };
}

/** The same elements in another shape, if the block's lie next to each other. */
export function reshapeBlock(block: Block, shape: readonly number[]): Block | undefined {
  const count = block.shape.reduce((product, dim) => product * dim, 1);
  const known = shape.filter((dim) => dim >= 0).reduce((product, dim) => product * dim, 1);
  const open = shape.filter((dim) => dim < 0).length;
  if (open > 1 || known === 0) return undefined;
  const full = shape.map((dim) => (dim < 0 ? count / known : dim));
  if (!full.every(Number.isInteger) || full.reduce((product, dim) => product * dim, 1) !== count)
    return undefined;
  const dense = rowMajor(block.shape).every(
    (stride, axis) => block.shape[axis] === 1 || stride === block.strides[axis],
  );
  return dense ? { ...block, shape: full, strides: rowMajor(full) } : undefined;
}

/** The block as a vector, if all of its axes but the last have size one. */
export function asVector(block: Block): Block | undefined {
  const axes = block.shape.length - 1;
  if (axes < 0 || !block.shape.slice(0, axes).every((dim) => dim === 1)) return undefined;
  return { ...block, shape: block.shape.slice(axes), strides: block.strides.slice(axes) };
}
