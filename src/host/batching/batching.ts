import { invalidArgument } from "../../status/status.ts";
import { integer, integers, integerTensor } from "../arrays/elements.ts";
import type { HostFamily } from "../host-op.ts";
import { rowsOf } from "../lists/tensor-list.ts";

/** This request's number in every batch: it is the only one there. */
const ONLY = 0;

/**
 * Ops that gather the requests of several clients and part the answers again. Here each request is a batch of its own; the
 * server batches as it is configured to.
 */
export const batching: HostFamily = {
  Batch: {
    shapes: (_, inputs) => [...inputs.map((input) => input.shape), [1, 3], []],
    compile: () => (inputs) => {
      const counts = new Set(inputs.map((input) => input.shape[0]));
      if (counts.has(undefined))
        throw invalidArgument("Batching input tensors must have at least one dimension");
      if (counts.size > 1) {
        throw invalidArgument(
          "Batching input tensors supplied in a given op invocation must have equal 0th-dimension size",
        );
      }
      const [rows] = [...counts] as [number];
      return [...inputs, integerTensor("int64", [1, 3], [ONLY, 0, rows]), integerTensor("int64", [], [ONLY])];
    },
  },
  Unbatch: {
    shapes: (_, [input]) => [input!.shape && [-1, ...input!.shape.slice(1)]],
    compile:
      () =>
      ([input, index, id]) => {
        const entries = integers(index!);
        for (let i = 0; i < entries.length; i += 3) {
          if (entries[i] !== integer(id!)) continue;
          const [from, to] = entries.slice(i + 1, i + 3) as [number, number];
          return [rowsOf(input!, from, to, [to - from, ...input!.shape.slice(1)])];
        }
        throw invalidArgument(`The batch holds no request ${integer(id!)}`);
      },
  },
};
