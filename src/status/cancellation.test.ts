import assert from "node:assert/strict";
import { test } from "node:test";
import { CancellationSource } from "./cancellation.ts";

test("whoever waits is told once, and at once if it comes later", () => {
  const source = new CancellationSource();
  const told: string[] = [];
  source.onCancel({ cancel: () => told.push("a") });
  source.onCancel({ cancel: () => told.push("b") });
  assert.deepEqual([source.isCancelled, told], [false, []]);
  source.giveUp();
  source.giveUp();
  source.onCancel({ cancel: () => told.push("c") });
  assert.deepEqual([source.isCancelled, told], [true, ["a", "b", "c"]]);
});
