import assert from "node:assert/strict";
import { test } from "node:test";
import { type Figures, faults, memoryGrowth } from "./verdict.ts";
import type { Vitals } from "./vitals.ts";

const MEBIBYTE = 2 ** 20;
const idle: Vitals = { seconds: 0, memory: 100 * MEBIBYTE, descriptors: 40, threads: 15 };

function memory(mebibytes: (second: number) => number): Vitals[] {
  return Array.from({ length: 100 }, (_, seconds) => ({
    ...idle,
    seconds,
    memory: mebibytes(seconds) * MEBIBYTE,
  }));
}

const fine: Figures = {
  counts: { good: 10, bad: 10, abandoned: 10, resent: 1, failed: 0, failures: [] },
  swaps: 3,
  visits: 2,
  kills: 2,
  during: memory(() => 300),
  before: idle,
  after: idle,
  inFlight: 0,
  queued: 0,
  restarts: 2,
  exit: 0,
};

test("finds nothing where all is well", () => {
  assert.deepEqual(faults(fine), []);
  // Falls and noise are no growth.
  assert.deepEqual(faults({ ...fine, during: memory((second) => 400 - second + (second % 7) * 10) }), []);
});

test("memory is that of the last fifth beside that of the second", () => {
  const { early, late } = memoryGrowth(memory((second) => 300 + second));
  assert.deepEqual([early / MEBIBYTE, late / MEBIBYTE], [330, 390]);
});

test("finds each fault", () => {
  const with_ = (change: Partial<Figures>) => faults({ ...fine, ...change });
  assert.deepEqual(with_({ counts: { ...fine.counts, failed: 2 } }), [
    "2 requests were not answered as they must be",
  ]);
  assert.deepEqual(with_({ counts: { ...fine.counts, abandoned: 0 } }), [
    "some kind of request was never sent",
  ]);
  assert.deepEqual(with_({ during: memory((second) => 300 + second) }), ["memory grew from 330 to 390 MiB"]);
  assert.deepEqual(with_({ after: { ...idle, descriptors: 41 } }), ["41 descriptors are open, 40 were"]);
  assert.deepEqual(with_({ after: { ...idle, threads: 16 } }), ["16 threads run, 15 did"]);
  assert.deepEqual(with_({ inFlight: 1 }), ["1 requests are in flight with nobody connected"]);
  assert.deepEqual(with_({ queued: 1 }), ["1 requests wait for a batch with nobody connected"]);
  assert.deepEqual(with_({ restarts: 1 }), ["2 workers were killed, 1 replaced"]);
  assert.deepEqual(with_({ exit: "SIGSEGV" }), ["the server ended with SIGSEGV"]);
});
