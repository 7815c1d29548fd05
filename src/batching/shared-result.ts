import type { RunResult } from "../engines/engine.ts";
import { sliceRows } from "./merge-tensors.ts";

/** What a request has to do with a result. */
export interface Share {
  readonly rows: number;
  readonly waited: number;
}

/**
 * Cuts a result into one for each of several requests, without a copy. It is disposed of with the last of them.
 * @param requests the rows of each, and how many milliseconds it waited before; what comes after their rows was only
 * filled up.
 * @param afterwards called once, when the result has been disposed of.
 */
export function shareResult(
  result: RunResult,
  requests: readonly Share[],
  afterwards: () => void,
): readonly RunResult[] {
  let left = requests.length;
  const release = () => {
    if (--left > 0) return;
    result.dispose();
    afterwards();
  };
  const { tensors } = result;
  let begin = 0;
  return requests.map(({ rows, waited }) => {
    const end = begin + rows;
    const from = begin;
    begin = end;
    let isDisposed = false;
    return {
      queuedMilliseconds: waited + (result.queuedMilliseconds ?? 0),
      tensors: tensors.map((tensor) => (rows === tensor.shape[0] ? tensor : sliceRows(tensor, from, end))),
      dispose() {
        if (!isDisposed) release();
        isDisposed = true;
      },
    };
  });
}
