import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../status/status.ts";
import { ModelState } from "./servable.ts";
import { type ServableState, StateBus } from "./state-bus.ts";

const broken = { code: Code.NOT_FOUND, message: "no saved_model.pb" };
const ok = { code: Code.OK, message: "" };

function event(name: string, version: bigint, state: ModelState, status: ServableState["status"] = ok) {
  return { id: { name, version }, state, status };
}

test("the last state of each version is remembered, newest version first", () => {
  const bus = new StateBus();
  assert.equal(bus.status("m"), undefined);
  for (const version of [2n, 10n, 1n, 9n]) bus.publish(event("m", version, ModelState.START));
  const before = bus.status("m");
  bus.publish(event("m", 9n, ModelState.END, broken));
  bus.publish(event("other", 5n, ModelState.AVAILABLE));
  const expected = [
    { version: 10n, state: ModelState.START, status: ok },
    { version: 9n, state: ModelState.END, status: broken },
    { version: 2n, state: ModelState.START, status: ok },
    { version: 1n, state: ModelState.START, status: ok },
  ];
  assert.deepEqual(bus.status("m"), expected);
  assert.equal(before?.[1]?.state, ModelState.START, "a list once read doesn't change");

  const latecomer = new StateBus();
  for (const missed of bus.snapshot()) latecomer.publish(missed);
  assert.deepEqual(latecomer.status("m"), expected);
  assert.equal(latecomer.status("other")?.length, 1);
});

test("subscribers hear everything until they leave", () => {
  const bus = new StateBus();
  const heard: bigint[] = [];
  const leave = bus.subscribe(({ id }) => {
    heard.push(id.version);
    if (id.version === 2n) leave();
  });
  const all: bigint[] = [];
  bus.subscribe(({ id }) => all.push(id.version));
  for (const version of [1n, 2n, 3n]) bus.publish(event("m", version, ModelState.START));
  assert.deepEqual(heard, [1n, 2n]);
  assert.deepEqual(all, [1n, 2n, 3n]);
});
