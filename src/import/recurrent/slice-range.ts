import type { Attributes } from "../../registry/attributes.ts";

/** Part of an axis; `dropped` if one element is taken and the axis goes. */
export interface SliceRange {
  readonly start: number;
  readonly size: number;
  readonly dropped: boolean;
}

/**
 * What a StridedSlice takes of each axis, undefined for all of it. Undefined as a whole where that isn't known, or isn't a
 * range: strides other than one, new axes, an ellipsis.
 * @param bounds begin, end and strides as far as they are constant.
 * @param sizes of the input's axes, undefined for one that isn't known, which then must be taken whole.
 */
export function sliceRange(
  attrs: Attributes,
  bounds: readonly (readonly number[] | undefined)[],
  sizes: readonly (number | undefined)[],
): readonly (SliceRange | undefined)[] | undefined {
  const [begin, end, strides] = bounds;
  if (begin === undefined || end === undefined || strides === undefined) return undefined;
  if (attrs.int("ellipsis_mask") !== 0 || attrs.int("new_axis_mask") !== 0) return undefined;
  if (begin.length > sizes.length || strides.some((stride) => stride !== 1)) return undefined;
  const has = (mask: string, axis: number): boolean => (attrs.int(mask) & (1 << axis)) !== 0;
  const ranges: (SliceRange | undefined)[] = [];
  for (const axis of begin.keys()) {
    const size = sizes[axis];
    const dropped = has("shrink_axis_mask", axis);
    const whole = !dropped && has("end_mask", axis) && (has("begin_mask", axis) || begin[axis] === 0);
    if (whole) ranges.push(undefined);
    else if (size === undefined) return undefined;
    else {
      const place = (at: number): number => Math.min(Math.max(at < 0 ? at + size : at, 0), size);
      const start = !dropped && has("begin_mask", axis) ? 0 : place(begin[axis]!);
      const stop = dropped ? start + 1 : has("end_mask", axis) ? size : place(end[axis]!);
      if (stop > size) return undefined;
      ranges.push({ start, size: Math.max(0, stop - start), dropped });
    }
  }
  return ranges;
}
