import { dataTypeString } from "../../../tensor/dtype.ts";
import { formatShape, type Shape } from "../../../tensor/shape.ts";
import type { NumericTensor, Tensor } from "../../../tensor/tensor.ts";
import { latin1OfBytes } from "../latin1.ts";
import { numbersOf } from "./elements.ts";
import { general } from "./printf.ts";

/**
 * A tensor as TensorFlow's StringFormat and tf.print show it, in Latin-1: nested brackets, with `...` for what lies more
 * than `ends` elements from both ends of an axis; a negative number shows all.
 */
export function summarize(tensor: Tensor, ends: number): string {
  const element = elementText(tensor, '"');
  const { shape } = tensor;
  const count = shape.reduce((product, dim) => product * dim, 1);
  const shown = ends < 0 ? count : Math.min(ends, count);
  return shape.length === 0 ? element(0) : axisText(shape, shown, 0, 0, element);
}

/**
 * The first elements of a tensor as Assert and error messages show them, in Latin-1: rows in brackets, `...` where a row or the whole was
 * cut. @param limit how many; a negative number shows all.
 */
export function summarizeValue(tensor: Tensor, limit: number): string {
  const { shape, data } = tensor;
  const shown = limit < 0 ? data.length : Math.min(limit, data.length);
  const element = elementText(tensor, "");
  let next = 0;
  const rows = (axis: number): string => {
    const size = shape[axis]!;
    let text = "";
    if (axis < shape.length - 1) {
      for (let i = 0; i < size && next < shown; i++) text += `[${rows(axis + 1)}]`;
      return text;
    }
    for (let i = 0; i < size; i++) {
      if (next >= shown) return axis === 0 ? text : `${text}...`;
      text += (i > 0 ? " " : "") + element(next++);
    }
    return text;
  };
  const text = shape.length === 0 ? element(0) : rows(0);
  return shown < data.length ? `${text}...` : text;
}

/** A tensor as error messages name it. */
export function debugString(tensor: Tensor): string {
  const { dtype, shape } = tensor;
  return `Tensor<type: ${dataTypeString(dtype)} shape: ${formatShape(shape)} values: ${summarizeValue(tensor, 3)}>`;
}

function axisText(
  shape: Shape,
  ends: number,
  axis: number,
  start: number,
  element: (index: number) => string,
): string {
  if (axis === shape.length) return element(start);
  const size = shape[axis]!;
  const step = shape.slice(axis + 1).reduce((product, dim) => product * dim, 1);
  const spacing =
    axis === shape.length - 1 ? " " : "\n".repeat(shape.length - axis - 1) + " ".repeat(axis + 1);
  const item = (i: number) => axisText(shape, ends, axis + 1, start + i * step, element);
  let text = "[";
  for (let i = 0; i < Math.min(ends, size); i++) text += (i > 0 ? spacing : "") + item(i);
  if (size > 2 * ends) text += `${spacing}...`;
  for (let i = Math.max(ends, size - ends); i < size; i++) text += spacing + item(i);
  return `${text}]`;
}

/** One element as TensorFlow's messages show it, in Latin-1. @param quote what strings stand between. */
export function elementText(tensor: Tensor, quote: '"' | ""): (index: number) => string {
  if (tensor.dtype === "string") return (index) => quote + escaped(tensor.data[index]!) + quote;
  return numberText(tensor);
}

function numberText(tensor: NumericTensor): (index: number) => string {
  const data = numbersOf(tensor);
  switch (tensor.dtype) {
    case "float16":
    case "bfloat16":
    case "float32":
      return (index) => shortest(data[index] as number, 6, 9, Math.fround);
    case "float64":
      return (index) => shortest(data[index] as number, 15, 17, (value) => value);
    case "complex64":
    case "complex128":
      return () => "?";
    default:
      return (index) => String(data[index]);
  }
}

/** With the digits that any decimal survives if they give the value back, else with those that tell all values apart. */
function shortest(value: number, few: number, many: number, round: (value: number) => number): string {
  const text = general(value, few);
  return Number.isNaN(value) || !Number.isFinite(value) || round(Number(text)) === value
    ? text
    : general(value, many);
}

const NAMED: Readonly<Record<number, string>> = {
  10: "\\n",
  13: "\\r",
  9: "\\t",
  34: '\\"',
  39: "\\'",
  92: "\\\\",
};

/** Escaped as in C; bytes of UTF-8 stay. */
function escaped(bytes: Uint8Array): string {
  let text = "";
  for (const [i, byte] of bytes.entries()) {
    if (NAMED[byte] !== undefined) text += NAMED[byte];
    else if (byte < 0x20 || byte === 0x7f) text += `\\${byte.toString(8).padStart(3, "0")}`;
    else text += latin1OfBytes(bytes.subarray(i, i + 1));
  }
  return text;
}
