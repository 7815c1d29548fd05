import type { RunResult } from "../engines/engine.ts";
import { sliceRows } from "./merge-tensors.ts";

/**
 * Cuts a result into one for each of several requests, without a copy. It is disposed of with the last of them.
 * @param sizes the rows of each request; what comes after these was only filled up.
 * @param afterwards called once, when the result has been disposed of.
 */
export function shareResult(
  result: RunResult,
  sizes: readonly number[],
  afterwards: () => void,
): readonly RunResult[] {
  let left = sizes.length;
  const release = () => {
    if (--left > 0) return;
    result.dispose();
    afterwards();
  };
  const { tensors } = result;
  let begin = 0;
  return sizes.map((rows) => {
    const end = begin + rows;
    const from = begin;
    begin = end;
    let isDisposed = false;
    return {
      tensors: tensors.map((tensor) => (rows === tensor.shape[0] ? tensor : sliceRows(tensor, from, end))),
      dispose() {
        if (!isDisposed) release();
        isDisposed = true;
      },
    };
  });
}
