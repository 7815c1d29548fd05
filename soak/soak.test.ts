import assert from "node:assert/strict";
import { test } from "node:test";
import { soak } from "./soak.ts";
import { faults } from "./verdict.ts";

test("a server in bad company answers what is asked well, and keeps nothing", async () => {
  const figures = await soak({ seconds: 12, workers: 2, killSeconds: 4, serverFlags: [], report: () => {} });
  assert.deepEqual(figures.counts.failures, []);
  assert.deepEqual(faults(figures), []);
  assert.ok(figures.swaps > 2 && figures.kills > 2 && figures.visits > 0, JSON.stringify(figures));
});
