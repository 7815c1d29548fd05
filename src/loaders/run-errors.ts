import { StatusError } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";

// What ONNX Runtime says of a run that failed, as a TensorFlow user expects it: without its own places in its source, the
// node at the end, and in TensorFlow's words where those can be told.

const FAILED_NODE =
  /^Non-zero status code returned while running \w+ node\. Name:'(.*?)' Status Message: (.*)$/s;
/** What the importer adds to the name of the TensorFlow node, and ONNX Runtime to that. */
const ADDED = /\/[A-Za-z]+_\d+\w*$/;
/** `/path/file.h:12 signature condition was false. ` or `file.h:12 Function `. */
const PLACE = /^\S+\.(?:h|cc):\d+ (?:.*? was false\. |\w+ )/s;
const OUT_OF_BOUNDS =
  /^indices element out of data bounds, idx=(-?\d+) must be within the inclusive range \[-?\d+,(-?\d+)\]$/;
const RESHAPE =
  /^The input tensor cannot be reshaped to the requested shape\. Input shape:\{([\d,]*)\}, requested shape:\{([-\d,]*)\}$/;

/** The same error for what isn't one of a node. @param inputs the run's. */
export function runError(error: unknown, inputs: readonly Tensor[]): unknown {
  if (!(error instanceof StatusError)) return error;
  const found = FAILED_NODE.exec(error.message);
  if (found === null) return error;
  const [, node = "", said = ""] = found;
  const text = inTheirWords(said.replace(PLACE, "").trim(), inputs);
  return new StatusError(error.code, `${text}\n\t [[{{node ${node.replace(ADDED, "")}}}]]`, { cause: error });
}

function inTheirWords(said: string, inputs: readonly Tensor[]): string {
  const reshape = RESHAPE.exec(said);
  if (reshape !== null) return reshapeText(sizesOf(reshape[1]!), sizesOf(reshape[2]!));
  const bounds = OUT_OF_BOUNDS.exec(said);
  if (bounds === null) return said;
  const value = asSent(BigInt(bounds[1]!));
  return `indices${placeOf(value, inputs)} = ${value} is not in [0, ${BigInt(bounds[2]!) + 1n})`;
}

function sizesOf(list: string): number[] {
  return list === "" ? [] : list.split(",").map(Number);
}

function reshapeText(given: readonly number[], wanted: readonly number[]): string {
  const count = (sizes: readonly number[]): number => sizes.reduce((a, b) => a * b, 1);
  const needs = count(wanted.filter((size) => size >= 0));
  const what = wanted.includes(-1) ? `requires a multiple of ${needs}` : `has ${needs}`;
  return `Input to reshape is a tensor with ${count(given)} values, but the requested shape ${what}`;
}

/** Negative indexes were moved far away, since ONNX counts them from the end and TensorFlow refuses them. */
function asSent(index: bigint): bigint {
  if (index >= -(2n ** 30n)) return index;
  return index + (index < -(2n ** 61n) ? 2n ** 62n : 2n ** 30n);
}

/** Where the inputs first have the value, as TensorFlow writes it: `[1,0]`. Nothing if it was computed. */
function placeOf(value: bigint, inputs: readonly Tensor[]): string {
  for (const { dtype, shape, data } of inputs) {
    if (dtype !== "int32" && dtype !== "int64") continue;
    const at = (data as { indexOf(item: unknown): number }).indexOf(
      dtype === "int64" ? value : Number(value),
    );
    if (at < 0) continue;
    const place: number[] = [];
    let rest = at;
    for (const size of shape.toReversed()) {
      place.unshift(rest % size);
      rest = Math.floor(rest / size);
    }
    return place.length === 0 ? "" : `[${place.join(",")}]`;
  }
  return "";
}
