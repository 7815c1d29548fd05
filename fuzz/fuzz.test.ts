import assert from "node:assert/strict";
import { test } from "node:test";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** For each target; `npm run fuzz` takes its time. */
const MILLISECONDS = 1500;

for (const target of targets) {
  test(`${target.name} withstands bad input`, async () => {
    // Good input must get through, or nothing else is tried.
    for (const seed of target.seeds) await target.run(seed);
    const { inputs, failure } = await fuzz(target, MILLISECONDS, 1);
    const what = failure && `${Buffer.from(failure.input).toString("base64")}: ${failure.error}`;
    assert.ok(failure === undefined, what ?? "");
    assert.ok(inputs >= 100, `only ${inputs} inputs`);
  });
}

test("a defect is found, and the input made small", async () => {
  const target = {
    name: "broken",
    seeds: [Buffer.from("hello world")],
    run: (input: Uint8Array) => {
      if (input.includes(0xff)) throw new TypeError("a byte that breaks it");
    },
  };
  const { failure } = await fuzz(target, 10_000, 1);
  assert.match(String(failure?.error), /a byte that breaks it/);
  assert.ok(failure!.input.includes(0xff) && failure!.input.length < 32);
});
