import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../status/status.ts";
import { AvailabilityWait } from "./availability.ts";
import { ModelState } from "./servable.ts";
import { type ServableState, StateBus } from "./state-bus.ts";

const ok = { code: Code.OK, message: "" };
const broken = { code: Code.NOT_FOUND, message: "no saved_model.pb" };
const SERVABLES = { noun: "servable" } as const;

function event(name: string, version: bigint, state: ModelState, status: ServableState["status"] = ok) {
  return { id: { name, version }, state, status };
}

test("waiting for models ends when each has a version that serves", async () => {
  const bus = new StateBus();
  bus.publish(event("a", 1n, ModelState.AVAILABLE));
  let done = false;
  bus.publish(event("d", 3n, ModelState.END, { code: Code.CANCELLED, message: "deleted" }));
  const wait = new AvailabilityWait(bus, ["a", "b", "d"], SERVABLES).done.then(() => {
    done = true;
  });
  bus.publish(event("b", 1n, ModelState.LOADING));
  bus.publish(event("b", 2n, ModelState.END, broken));
  bus.publish(event("c", 1n, ModelState.END, broken));
  await new Promise(setImmediate);
  assert.equal(done, false, "version 1 can still make it");
  bus.publish(event("d", 4n, ModelState.AVAILABLE));
  bus.publish(event("b", 1n, ModelState.AVAILABLE));
  await wait;
  await new AvailabilityWait(bus, [], SERVABLES).done;
});

test("waiting for models fails when one has nothing left, and names it", async () => {
  const bus = new StateBus();
  const wait = new AvailabilityWait(bus, ["a", "b", "c"], SERVABLES).done;
  bus.publish(event("a", 1n, ModelState.END, broken));
  bus.publish(event("b", 7n, ModelState.END, { code: Code.DATA_LOSS, message: "truncated" }));
  bus.publish(event("c", 1n, ModelState.AVAILABLE));
  await assert.rejects(wait, {
    code: Code.UNKNOWN,
    message:
      "2 servable(s) did not become available: {" +
      "{{name: a version: 1} due to error: NOT_FOUND: no saved_model.pb}, " +
      "{{name: b version: 7} due to error: DATA_LOSS: truncated}, }",
  });
});

test("a wait for any ends with the first that serves, and fails when none can", async () => {
  const bus = new StateBus();
  const any = { noun: "servable", enough: "any" } as const;
  const first = new AvailabilityWait(bus, ["a", "b"], any).done;
  bus.publish(event("a", 1n, ModelState.END, broken));
  bus.publish(event("b", 1n, ModelState.AVAILABLE));
  await first;
  const none = new AvailabilityWait(bus, ["a"], any).done;
  await assert.rejects(none, /^StatusError: 1 servable\(s\) did not become available/);
  await new AvailabilityWait(bus, [], any).done;
});

test("a fresh wait takes no notice of what a model was before", async () => {
  const bus = new StateBus();
  bus.publish(event("a", 1n, ModelState.END, broken));
  bus.publish(event("b", 1n, ModelState.AVAILABLE));
  let done = false;
  const wait = new AvailabilityWait(bus, ["a", "b"], { noun: "model", fresh: true }).done.then(() => {
    done = true;
  });
  bus.publish(event("a", 1n, ModelState.AVAILABLE));
  await new Promise(setImmediate);
  assert.equal(done, false);
  bus.publish(event("b", 1n, ModelState.AVAILABLE));
  await wait;
});

test("a model that is given up counts as failed, once", async () => {
  const wait = new AvailabilityWait(new StateBus(), ["a"], { noun: "model" });
  wait.fail("other", "no matter");
  wait.fail("a", "nothing there");
  wait.fail("a", "again");
  await assert.rejects(wait.done, {
    code: Code.UNKNOWN,
    message: "1 model(s) did not become available: {{a due to error: nothing there}, }",
  });
});
