import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { knownElements, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";

// Boxes are two opposite corners each (y, x, y, x); of boxes that overlap too much, the one with the best score stays.

export interface Selection {
  readonly boxes: Value;
  readonly scores: Value;
  readonly most: Value;
  readonly iouThreshold: Value;
  readonly scoreThreshold: Value | undefined;
}

/** The places of the boxes that stay, the best first, int64. */
function select(onnx: OnnxBuilder, { boxes, scores, ...limits }: Selection): Value {
  const found = suppress(onnx, {
    ...limits,
    boxes: onnx.op("Unsqueeze", [boxes, onnx.ints([0])]),
    scores: onnx.op("Unsqueeze", [scores, onnx.ints([0, 1])]),
  });
  return onnx.op("Gather", [found, onnx.scalar("int64", 2)], { axis: 1 });
}

/** ONNX's op on boxes [batch, n, 4] and scores [batch, classes, n]: rows of batch, class, box. */
export function suppress(
  onnx: OnnxBuilder,
  { boxes, scores, most, iouThreshold, scoreThreshold }: Selection,
): Value {
  const float = (value: Value): Value => onnx.cast(value, "float32");
  const scalarOf = (value: Value): Value => onnx.op("Reshape", [value, onnx.ints([1])]);
  return onnx.op("NonMaxSuppression", [
    float(boxes),
    float(scores),
    scalarOf(onnx.cast(most, "int64")),
    scalarOf(float(iouThreshold)),
    scoreThreshold && scalarOf(float(scoreThreshold)),
  ]);
}

function selectionOf(node: OpNode): Selection {
  const [boxes, scores, most, iouThreshold, scoreThreshold] = node.inputs as [
    Value,
    Value,
    Value,
    Value,
    Value?,
  ];
  return { boxes, scores, most, iouThreshold, scoreThreshold };
}

const onlyIndices: Translator = (node, onnx) => onnx.cast(select(onnx, selectionOf(node)), "int32");

/** The first version has its threshold as an attribute. */
const withAttribute: Translator = (node, onnx) => {
  const [boxes, scores, most] = node.inputs as [Value, Value, Value];
  const iouThreshold = onnx.scalar("float32", node.attrs.float("iou_threshold"));
  const found = select(onnx, { boxes, scores, most, iouThreshold, scoreThreshold: undefined });
  return onnx.cast(found, "int32");
};

const withCount: Translator = (node, onnx) => {
  const found = select(onnx, selectionOf(node));
  return [onnx.cast(maybePadded(onnx, node, found), "int32"), countOf(onnx, found)];
};

const withScores: Translator = (node, onnx) => {
  const sigma = node.inputs[5]!.constant?.();
  if (sigma === undefined || Number(sigma.data[0]) !== 0) {
    throw unimplemented(
      "expected a soft_nms_sigma of 0 that is known at import: scores that fade have no ONNX form",
    );
  }
  const found = select(onnx, selectionOf(node));
  const scores = onnx.op("Gather", [node.inputs[1], found]);
  return [
    onnx.cast(maybePadded(onnx, node, found), "int32"),
    maybePadded(onnx, node, scores),
    countOf(onnx, found),
  ];
};

function countOf(onnx: OnnxBuilder, found: Value): Value {
  return onnx.cast(onnx.op("Size", [found]), "int32");
}

/** With zeros behind the boxes found, up to the most that could be. */
function maybePadded(onnx: OnnxBuilder, node: OpNode, values: Value): Value {
  if (!node.attrs.bool("pad_to_max_output_size")) return values;
  return paddedTo(onnx, values, onnx.cast(node.inputs[2]!, "int64"), 0);
}

/** Zeros behind `values` along an axis, up to `size`, an int64 scalar. */
export function paddedTo(onnx: OnnxBuilder, values: Value, size: Value, axis: number): Value {
  const [given] = knownElements(size) ?? [];
  if (given !== undefined && values.shape?.[axis] === given) return values;
  const shape = onnx.op("Shape", [values]);
  const before = onnx.op("Mul", [shape, onnx.ints([0])]);
  const length = onnx.op("Gather", [shape, onnx.ints([axis])]);
  const missing = onnx.op("Sub", [onnx.op("Reshape", [size, onnx.ints([1])]), length]);
  const after = onnx.op("ScatterElements", [before, onnx.ints([axis]), missing]);
  return onnx.op("Pad", [values, onnx.op("Concat", [before, after], { axis: 0 })]);
}

export const nonMaxSuppressionOps: OpFamily = {
  NonMaxSuppression: withAttribute,
  NonMaxSuppressionV2: onlyIndices,
  NonMaxSuppressionV3: onlyIndices,
  NonMaxSuppressionV4: withCount,
  NonMaxSuppressionV5: withScores,
};
