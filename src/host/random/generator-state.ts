import { invalidArgument, unimplemented } from "../../status/status.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integer } from "../arrays/elements.ts";
import type { HostFamily, HostOp } from "../host-op.ts";

// tensorflow::Algorithm.
const PHILOX = 1n;
const THREE_FRY = 2n;

/** The counter's two words, then the key. */
const PHILOX_WORDS = 3;

/** By how much of the counter each number moves it on (rng_skip in stateful_random_ops.cc). */
const COUNTER_PER_NUMBER = 256n;

const MASK64 = 2n ** 64n - 1n;
const MASK128 = 2n ** 128n - 1n;

function checkState(state: Tensor): BigInt64Array {
  if (state.data.length < PHILOX_WORDS) {
    throw invalidArgument(
      `For the Philox algorithm, the size of state must be at least ${PHILOX_WORDS}; got ${state.data.length}`,
    );
  }
  return state.data as BigInt64Array;
}

function checkAlgorithm(alg: Tensor): void {
  const id = BigInt(integer(alg));
  if (id === THREE_FRY) throw unimplemented("Non-XLA devices don't support the ThreeFry algorithm.");
  if (id !== PHILOX) throw invalidArgument(`Unsupported algorithm id: ${id}`);
}

const keyCounter: HostOp = {
  shapes: () => [[1], [2]],
  compile:
    () =>
    ([state]) => {
      const [low, high, key] = checkState(state!);
      return [
        { dtype: "uint64", shape: [1], data: BigUint64Array.of(BigInt.asUintN(64, key!)) },
        {
          dtype: "uint64",
          shape: [2],
          data: BigUint64Array.of(BigInt.asUintN(64, low!), BigInt.asUintN(64, high!)),
        },
      ];
    },
};

const skipped: HostOp = {
  shapes: (_, [state]) => [state!.shape],
  compile:
    () =>
    ([state, alg, delta]) => {
      checkAlgorithm(alg!);
      const next = checkState(state!).slice();
      const numbers = BigInt.asUintN(64, BigInt(delta!.data[0] as bigint));
      const counter = (BigInt.asUintN(64, next[1]!) << 64n) | BigInt.asUintN(64, next[0]!);
      const moved = (counter + numbers * COUNTER_PER_NUMBER) & MASK128;
      next[0] = BigInt.asIntN(64, moved & MASK64);
      next[1] = BigInt.asIntN(64, moved >> 64n);
      return [{ dtype: "int64", shape: state!.shape, data: next }];
    },
};

/** What ops on a generator's state compute from it. */
export const generatorStates: HostFamily = { RngKeyCounter: keyCounter, RngSkipped: skipped };
