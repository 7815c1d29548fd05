import assert from "node:assert/strict";
import { it } from "node:test";
import { describeMissing, MissingOps } from "./missing-ops.ts";

it("names each op, how many nodes use it, and some of them, the most frequent op first", () => {
  const missing = new MissingOps();
  assert.equal(missing.isEmpty, true);
  missing.add("Bar", "b/Bar");
  for (const node of ["a", "b", "c", "d", "a"]) missing.add("Foo", node);
  assert.match(
    describeMissing(missing.list()),
    /doesn't cover these ops: Foo \(4 nodes: a, b, c, \.\.\.\); Bar \(node b\/Bar\)$/,
  );
});
