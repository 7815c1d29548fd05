import assert from "node:assert/strict";
import { it } from "node:test";
import type { EngineModel, WeightUse } from "../engines/engine.ts";
import { weightsToShare } from "./shared-weights.ts";

/** `name:use` */
function model(...weights: readonly string[]): EngineModel {
  return {
    graph: new Uint8Array(0),
    inputs: [],
    outputs: [],
    weights: weights.map((text) => {
      const [name, use] = text.split(":") as [string, WeightUse];
      return { name, key: name, use, dtype: "float32", shape: [], read: () => {} };
    }),
  };
}

const shared = (...models: readonly EngineModel[]) => weightsToShare(models).map(({ name }) => name);

it("shares what is read in place, and what several models use without copies of their own", () => {
  assert.deepEqual(shared(model("a:in place", "b:packed", "c:own")), ["a"]);
  assert.deepEqual(shared(model("a:packed", "b:packed", "c:own"), model("b:packed", "c:own")), ["b"]);
  // A model with its own copy takes nothing from the shared one.
  assert.deepEqual(shared(model("a:packed"), model("a:own")), []);
  assert.deepEqual(shared(model("a:in place"), model("a:own"), model("a:in place")), ["a"]);
});
