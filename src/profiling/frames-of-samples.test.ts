import assert from "node:assert/strict";
import { test } from "node:test";
import { framesOfSamples } from "./frames-of-samples.ts";
import type { CpuNode } from "./thread-profile.ts";

const node = (id: number, functionName: string, children: number[] = []): CpuNode => ({
  id,
  callFrame: { functionName, url: functionName === "native" ? "" : "file:///src/a.ts", lineNumber: id },
  children,
});

// root -> a -> b, a -> native, root -> (idle), root -> anonymous
const nodes = [
  node(1, "(root)", [2, 5, 6]),
  node(2, "a", [3, 4]),
  node(3, "b"),
  node(4, "native"),
  node(5, "(idle)"),
  node(6, ""),
];

test("a function on the stack of samples that follow each other is one frame around those that it calls", () => {
  const frames = framesOfSamples({
    nodes,
    startTime: 0,
    endTime: 70,
    samples: [2, 3, 3, 4, 5, 3, 6],
    timeDeltas: [10, 10, 10, 10, 10, 10, 10],
  });
  assert.deepEqual(frames, [
    { name: "a (a.ts:3)", start: 10, end: 50 },
    { name: "b (a.ts:4)", start: 20, end: 40 },
    { name: "native", start: 40, end: 50 },
    { name: "a (a.ts:3)", start: 60, end: 70 },
    { name: "b (a.ts:4)", start: 60, end: 70 },
    { name: "(anonymous) (a.ts:7)", start: 70, end: 70 },
  ]);
});

test("nothing sampled is no frames", () => {
  assert.deepEqual(framesOfSamples({ nodes: [], startTime: 0, endTime: 1 }), []);
});
