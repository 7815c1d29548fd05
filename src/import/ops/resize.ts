import type { DType } from "../../tensor/dtype.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import { isNumber, type Value } from "../onnx/value.ts";
import type { OpFamily, OpNode, Translator } from "../translator.ts";
import { cubicTaps } from "./cubic-taps.ts";
import {
  type Alignment,
  alongAxis,
  coordinates,
  indices,
  indicesAfterStart,
  pick,
  positions,
  type ResizedAxis,
  resizedAxes,
  roundHalfUp,
  scaleOf,
} from "./resampling.ts";
import { isPowerOfTwo, knownRatios } from "./resize-ratio.ts";

function alignmentOf(node: OpNode): Alignment {
  if (node.attrs.bool("align_corners")) return "corners";
  return node.attrs.bool("half_pixel_centers") ? "half_pixel" : "top_left";
}

/** ONNX's names for the alignments. */
const COORDINATE_MODE = {
  corners: "align_corners",
  half_pixel: "half_pixel",
  top_left: "asymmetric",
} as const;

/** Resizes with one step per axis. */
function separably(
  onnx: OnnxBuilder,
  x: Value,
  size: Value,
  step: (x: Value, axis: ResizedAxis) => Value,
): Value {
  const [rows, columns] = resizedAxes(onnx, x, size);
  return step(step(x, rows), columns);
}

const bilinear: Translator = (node, onnx) =>
  resizeBilinear(onnx, node.inputs[0]!, node.inputs[1]!, alignmentOf(node));

/** The result is float32 whatever the images are. */
export function resizeBilinear(onnx: OnnxBuilder, images: Value, size: Value, alignment: Alignment): Value {
  const x = onnx.cast(images, "float32");
  const ratios = knownRatios(onnx, x, size);
  // ONNX Runtime's Resize rounds coordinates in another way, which makes no difference for powers of two.
  if (alignment !== "corners" && ratios?.every(isPowerOfTwo)) {
    return resizeNode(onnx, x, ratios, { mode: "linear", alignment });
  }
  return separably(onnx, x, size, (image, axis) => interpolate(onnx, image, axis, alignment));
}

function interpolate(onnx: OnnxBuilder, x: Value, axis: ResizedAxis, alignment: Alignment): Value {
  const places = coordinates(onnx, axis, alignment);
  const below = onnx.op("Floor", [places]);
  const share = alongAxis(onnx, onnx.op("Sub", [places, below]), axis);
  // The first pixel's centre lies half a pixel before it at most.
  const lower = pick(onnx, x, indicesAfterStart(onnx, places, axis), axis);
  const upper = pick(onnx, x, indicesAfterStart(onnx, onnx.op("Ceil", [places]), axis), axis);
  return onnx.op("Add", [lower, onnx.op("Mul", [onnx.op("Sub", [upper, lower]), share])]);
}

interface ResizeMode {
  readonly mode: "linear" | "nearest";
  readonly alignment: Alignment;
}

/**
 * ONNX's Resize of the height and width of NHWC data by ratios that are known. The channels come first and the ratios
 * are given as scales of all dims, since so it can be part of ONNX Runtime's blocked layout.
 */
function resizeNode(
  onnx: OnnxBuilder,
  x: Value,
  ratios: readonly number[],
  { mode, alignment }: ResizeMode,
): Value {
  const input = onnx.toChannelsFirst(x, 4);
  const attrs = { mode, coordinate_transformation_mode: COORDINATE_MODE[alignment], nearest_mode: "floor" };
  const scales = onnx.numbers("float32", [4], [1, 1, ...ratios]);
  const result = onnx.op("Resize", [input, undefined, scales], attrs);
  return onnx.toChannelsLast(result, 4);
}

const nearest: Translator = (node, onnx) => {
  const [x, size] = node.inputs as [Value, Value];
  const alignment = alignmentOf(node);
  const ratios = knownRatios(onnx, x, size);
  if (alignment !== "corners" && ratios !== undefined && repeatsPixels(x, ratios, alignment)) {
    return resizeNode(onnx, x, ratios, { mode: "nearest", alignment: "top_left" });
  }
  return separably(onnx, x, size, (image, axis) => {
    return pick(onnx, image, indices(onnx, nearestPlaces(onnx, axis, alignment), axis), axis);
  });
};

function nearestPlaces(onnx: OnnxBuilder, axis: ResizedAxis, alignment: Alignment): Value {
  if (alignment === "corners") return roundHalfUp(onnx, coordinates(onnx, axis, alignment));
  if (alignment === "top_left") return onnx.op("Floor", [coordinates(onnx, axis, alignment)]);
  // The pixel in which the centre lies; not the centre that is nearest.
  const centres = onnx.op("Add", [positions(onnx, axis), onnx.scalar("float32", 0.5)]);
  return onnx.op("Floor", [onnx.op("Mul", [centres, scaleOf(onnx, axis, alignment)])]);
}

const RESIZE_TYPES = new Set<DType>(["float32", "float16", "bfloat16", "int32", "int8", "uint8"]);

/** Whether each pixel is repeated a whole number of times: what Resize does fast, and exactly. */
function repeatsPixels(x: Value, ratios: readonly number[], alignment: "half_pixel" | "top_left"): boolean {
  if (!RESIZE_TYPES.has(x.dtype)) return false;
  const offset = alignment === "half_pixel" ? 0.5 : 0;
  return ratios.every((times, i) => {
    if (times >= 1 && isPowerOfTwo(times)) return true;
    const pixels = x.shape![i + 1]!;
    if (!Number.isInteger(times) || !isNumber(pixels)) return false;
    // TensorFlow's float32 arithmetic may miss a pixel's edge.
    const scale = Math.fround(pixels / (times * pixels));
    for (let at = 0; at < times * pixels; at++) {
      if (Math.floor(Math.fround((at + offset) * scale)) !== Math.floor(at / times)) return false;
    }
    return true;
  });
}

const bicubic: Translator = (node, onnx) => {
  const [images, size] = node.inputs as [Value, Value];
  const alignment = alignmentOf(node);
  return separably(onnx, onnx.cast(images, "float32"), size, (x, axis) => {
    const parts = cubicTaps(onnx, axis, alignment).map(({ at, weight }) =>
      onnx.op("Mul", [pick(onnx, x, at, axis), alongAxis(onnx, weight, axis)]),
    );
    return parts.reduce((a, b) => onnx.op("Add", [a, b]));
  });
};

export const resizeOps: OpFamily = {
  ResizeBilinear: bilinear,
  ResizeNearestNeighbor: nearest,
  ResizeBicubic: bicubic,
};
