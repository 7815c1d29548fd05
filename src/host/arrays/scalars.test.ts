import assert from "node:assert/strict";
import { it } from "node:test";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { scalars } from "./scalars.ts";

it("Timestamp gives the seconds since 1970, each time anew", () => {
  const kernel = scalars.Timestamp!.compile(new Attributes("now", {}, opDefinition("Timestamp")));
  const [first] = kernel([]);
  const seconds = Number(first!.data[0]);
  assert.ok(Math.abs(seconds - Date.now() / 1000) < 5, String(seconds));
  assert.ok(Number(kernel([])[0]!.data[0]) >= seconds);
  assert.equal(first!.dtype, "float64");
});
