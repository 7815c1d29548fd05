/** For tests: the slow way of reading a predict body, and what makes two readings comparable. */
import type { Tensor } from "../../tensor/tensor.ts";
import { echoSignature } from "./echo-servable.ts";
import { type JsonObject, parseDocument } from "./json/document.ts";
import { readPredictDocument } from "./predict-document.ts";
import type { PredictInputs } from "./predict-scan.ts";

export type Specs = Parameters<typeof echoSignature>[0];

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

export function viaDocument(text: string, specs: Specs): PredictInputs {
  return readPredictDocument(parseDocument(bytes(text)) as JsonObject, echoSignature(specs));
}

/** Shape and values, with the same text for equal numbers only. */
function show(tensor: Tensor): unknown {
  const value = (v: number | bigint | Uint8Array) =>
    v instanceof Uint8Array ? Buffer.from(v).toString("latin1") : Object.is(v, -0) ? "-0" : String(v);
  return {
    dtype: tensor.dtype,
    shape: [...tensor.shape],
    data: Array.from<never, unknown>(tensor.data as never, value),
  };
}

/** By name: their order says nothing. */
export function showAll(inputs: PredictInputs): unknown {
  const shown = [...inputs.tensors].map(([key, tensor]) => [key, show(tensor)]);
  return { columnar: inputs.columnar, tensors: Object.fromEntries(shown) };
}
