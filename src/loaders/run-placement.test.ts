import assert from "node:assert/strict";
import { it } from "node:test";
import { RunPlacement } from "./run-placement.ts";

it("keeps short runs on the calling thread and sends long ones away", () => {
  const placement = new RunPlacement({ microseconds: 50, elements: 100 });
  assert.equal(placement.isShort(100), true);
  assert.equal(placement.isShort(1000), true);
  assert.equal(placement.isShort(1001), false);
});

it("does not trust a signature that could not be probed, until a run elsewhere was short", () => {
  const placement = new RunPlacement(undefined);
  assert.equal(placement.isShort(1), false);
  placement.ranElsewhere({ microseconds: 100, elements: 1 });
  assert.equal(placement.isShort(1), true);
});

it("learns that runs became slower, and that a slow run elsewhere says nothing", () => {
  const placement = new RunPlacement({ microseconds: 100, elements: 1 });
  placement.ranElsewhere({ microseconds: 90_000, elements: 1 });
  assert.equal(placement.isShort(1), true);
  for (let i = 0; i < 20; i++) placement.ran({ microseconds: 5000, elements: 1 });
  assert.equal(placement.isShort(1), false);
});

it("counts an input without elements as one", () => {
  const placement = new RunPlacement({ microseconds: 100, elements: 0 });
  assert.equal(placement.isShort(0), true);
});

it("takes a run that was kept waiting for a core for what it is", () => {
  const placement = new RunPlacement({ microseconds: 5, elements: 1 });
  placement.ran({ microseconds: 50_000, elements: 1 });
  assert.equal(placement.isShort(1), true);
  // Nor do many such among others make it long.
  for (let i = 0; i < 1000; i++) placement.ran({ microseconds: i % 3 === 0 ? 50_000 : 5, elements: 1 });
  assert.equal(placement.isShort(1), true);
});
