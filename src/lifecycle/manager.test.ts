import assert from "node:assert/strict";
import { test } from "node:test";
import { Code, dataLoss, notFound, unavailable } from "../status/status.ts";
import type { RetryPolicy } from "./retry.ts";
import { ScriptedServing } from "./scripted-serving.ts";
import { ModelState } from "./servable.ts";
import { availabilityPreservingPolicy, resourcePreservingPolicy } from "./version-policy.ts";

const once: RetryPolicy = { maxNumLoadRetries: 0, loadRetryIntervalMicros: -1 };

async function serving(...versions: bigint[]): Promise<ScriptedServing> {
  const serving = new ScriptedServing(availabilityPreservingPolicy, once);
  await serving.aspire("m", ...versions);
  for (const version of versions) {
    await serving.finish(`load m:${version}`);
    await serving.finish(`publish m:${version}`);
  }
  return serving;
}

/** Unloads everything and checks that nothing is left and no contract was broken. */
async function end(serving: ScriptedServing): Promise<void> {
  const stopped = serving.manager.stop();
  for (;;) {
    await new Promise(setImmediate);
    const [call] = serving.pending.keys();
    if (call === undefined) break;
    await serving.finish(call);
  }
  await stopped;
  assert.deepEqual([...serving.inMemory], []);
  assert.equal(serving.manager.reservedRamBytes(), 0);
  assert.deepEqual(serving.violations, []);
}

test("a version is loaded from its path, published, and only then called available", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, once);
  await world.aspire("m", 1n);
  assert.equal(world.paths.get("m:1"), "/models/m/1");
  await world.finish("load m:1");
  assert.deepEqual(world.announced, ["m:1 START", "m:1 LOADING"]);
  assert.equal(world.manager.reservedRamBytes(), 100);
  await world.finish("publish m:1");
  assert.deepEqual(world.announced, ["m:1 START", "m:1 LOADING", "m:1 AVAILABLE"]);
  await world.aspire("m", 1n);
  assert.deepEqual(world.calls, ["load m:1", "publish m:1"], "the same again changes nothing");
  await end(world);
});

test("a swap publishes the new version, then retires the old, then unloads it", async () => {
  const world = await serving(1n);
  world.log.length = 0;
  world.announced.length = 0;
  await world.aspire("m", 2n);
  assert.deepEqual([...world.available], ["m:1"]);
  await world.finish("load m:2");
  assert.deepEqual([...world.available], ["m:1"]);
  await world.finish("publish m:2");
  assert.deepEqual([...world.available], ["m:2"]);
  assert.deepEqual([...world.inMemory], ["m:1#1", "m:2#1"], "a request may still use the old one");
  assert.equal(world.manager.reservedRamBytes(), 200);
  await world.finish("retire m:1");
  await world.finish("unload m:1");
  assert.deepEqual(world.calls.slice(2), ["load m:2", "publish m:2", "retire m:1", "unload m:1"]);
  assert.deepEqual(world.announced, [
    "m:2 START",
    "m:2 LOADING",
    "m:2 AVAILABLE",
    "m:1 UNLOADING",
    "m:1 END",
  ]);
  assert.deepEqual(world.log, [
    "I Successfully reserved resources to load servable {name: m version: 2}",
    "I Approving load for servable version {name: m version: 2}",
    "I Loading servable version {name: m version: 2}",
    "I Successfully loaded servable version {name: m version: 2}",
    "I Quiescing servable version {name: m version: 1}",
    "I Done quiescing servable version {name: m version: 1}",
    "I Unloading servable version {name: m version: 1}",
    "I Done unloading servable version {name: m version: 1}",
  ]);
  await end(world);
});

test("when the newest is deleted the one before is back before it goes", async () => {
  const world = await serving(2n);
  await world.aspire("m", 1n);
  assert.deepEqual([...world.available], ["m:2"]);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  assert.deepEqual([...world.available], ["m:1"]);
  await world.finish("retire m:2");
  await world.finish("unload m:2");
  assert.deepEqual([...world.inMemory], ["m:1#1"]);
  await end(world);
});

test("a broken newer version ends with its error while the old one serves, and a repair replaces both", async () => {
  const world = await serving(1n);
  await world.aspire("m", 2n);
  await world.fail("load m:2", dataLoss("variables.index is truncated"));
  assert.deepEqual(world.bus.status("m"), [
    {
      version: 2n,
      state: ModelState.END,
      status: { code: Code.DATA_LOSS, message: "variables.index is truncated" },
    },
    { version: 1n, state: ModelState.AVAILABLE, status: { code: Code.OK, message: "" } },
  ]);
  assert.ok(
    world.log.includes(
      "E Servable {name: m version: 2} cannot be loaded: DATA_LOSS: variables.index is truncated",
    ),
  );
  await world.aspire("m", 2n);
  assert.deepEqual([...world.pending.keys()], [], "the broken version isn't tried again");
  await world.aspire("m", 3n);
  await world.finish("load m:3");
  await world.finish("publish m:3");
  assert.deepEqual([...world.available], ["m:3"]);
  await end(world);
});

test("a failed version is tried again once it was un-aspired", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, once);
  await world.aspire("m", 1n);
  await world.fail("load m:1", dataLoss("half copied"));
  await world.aspire("m");
  await world.aspire("m", 1n);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  assert.deepEqual([...world.available], ["m:1"]);
  await end(world);
});

test("a failed load is retried, and the version is loading all the while", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, { ...once, maxNumLoadRetries: 1 });
  await world.aspire("m", 1n);
  await world.fail("load m:1", dataLoss("half copied"));
  while (!world.pending.has("load m:1")) await new Promise(setImmediate);
  assert.equal(world.bus.status("m")?.[0]?.state, ModelState.LOADING);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  assert.deepEqual([...world.available], ["m:1"]);
  await end(world);
});

test("other models neither wait for a model that loads nor suffer from one that fails", async () => {
  const world = await serving(1n);
  await world.aspire("slow", 1n);
  await world.aspire("broken", 1n);
  await world.fail("load broken:1", notFound("no saved_model.pb"));
  await world.aspire("quick", 1n);
  await world.finish("load quick:1");
  await world.finish("publish quick:1");
  assert.deepEqual([...world.available], ["m:1", "quick:1"]);
  assert.equal(world.bus.status("broken")?.[0]?.status.code, Code.NOT_FOUND);
  await end(world);
});

test("an estimate that fails fails the load", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, once);
  world.estimateError = notFound("/models/m/1 is gone");
  await world.aspire("m", 1n);
  assert.deepEqual(world.calls, []);
  assert.deepEqual(world.bus.status("m")?.[0]?.status, {
    code: Code.INTERNAL,
    message:
      "Error while attempting to reserve resources to load servable {name: m version: 1}: /models/m/1 is gone",
  });
  await end(world);
});

test("a version deleted while its estimate is awaited is cancelled", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, {
    maxNumLoadRetries: 9,
    loadRetryIntervalMicros: 3_600_000_000,
  });
  world.estimateError = notFound("/models/m/1 is gone");
  await world.aspire("m", 1n);
  await world.aspire("m");
  await world.manager.idle();
  assert.deepEqual(world.bus.status("m")?.[0]?.status, {
    code: Code.CANCELLED,
    message: "Load of servable {name: m version: 1} was cancelled: the version is no longer aspired",
  });
  await end(world);
});

test("a version deleted while it loads is cancelled, and unloaded if it gets loaded all the same", async () => {
  for (const heedful of [true, false]) {
    const world = new ScriptedServing(availabilityPreservingPolicy, once);
    await world.aspire("m", 1n);
    assert.equal(world.signals.get("m:1")?.aborted, false);
    await world.aspire("m");
    assert.equal(world.signals.get("m:1")?.aborted, true);
    if (heedful) {
      await world.fail("load m:1", new Error("aborted"));
      assert.equal(world.bus.status("m")?.[0]?.status.code, Code.CANCELLED);
    } else {
      for (const call of ["load", "publish", "retire", "unload"]) await world.finish(`${call} m:1`);
      assert.equal(world.bus.status("m")?.[0]?.status.code, Code.OK);
    }
    assert.equal(world.bus.status("m")?.[0]?.state, ModelState.END);
    assert.deepEqual(
      world.log.filter((line) => line.startsWith("E")),
      [],
    );
    await end(world);
  }
});

test("a wait for a retry is cut short when the version is deleted", async () => {
  const hourly = { maxNumLoadRetries: 9, loadRetryIntervalMicros: 3_600_000_000 };
  const world = new ScriptedServing(availabilityPreservingPolicy, hourly);
  await world.aspire("m", 1n);
  await world.fail("load m:1", dataLoss("half copied"));
  await world.aspire("m");
  await world.manager.idle();
  assert.equal(world.bus.status("m")?.[0]?.state, ModelState.END);
  await end(world);
});

test("a version added again after its load was cancelled is loaded anew", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, once);
  await world.aspire("m", 1n);
  await world.aspire("m");
  await world.aspire("m", 1n);
  await world.fail("load m:1", new Error("aborted"));
  assert.equal(world.signals.get("m:1")?.aborted, false);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  assert.deepEqual([...world.available], ["m:1"]);
  await end(world);
});

test("a version added again while it is unloaded is loaded anew after that", async () => {
  for (const step of ["retire m:1", "unload m:1"]) {
    const world = await serving(1n);
    await world.aspire("m");
    if (step === "unload m:1") await world.finish("retire m:1");
    await world.aspire("m", 1n);
    assert.deepEqual([...world.pending.keys()], [step]);
    if (step === "retire m:1") await world.finish("retire m:1");
    await world.finish("unload m:1");
    await world.finish("load m:1");
    await world.finish("publish m:1");
    assert.deepEqual([...world.available], ["m:1"]);
    assert.deepEqual([...world.inMemory], ["m:1#2"]);
    await end(world);
  }
});

test("a version added again while it makes way for a newer one has the newer one wait for it", async () => {
  const world = await serving(1n);
  await world.aspire("m", 2n);
  await world.finish("load m:2");
  await world.finish("publish m:2");
  await world.aspire("m", 1n);
  assert.deepEqual([...world.available], ["m:2"]);
  for (const call of ["retire", "unload", "load", "publish"]) await world.finish(`${call} m:1`);
  assert.deepEqual([...world.available], ["m:1"]);
  await end(world);
});

test("a version added again before anything was done to it just goes on", async () => {
  const world = await serving(1n);
  await world.aspire("m", 2n);
  await world.aspire("m", 1n);
  await world.fail("load m:2", new Error("aborted"));
  assert.deepEqual([...world.available], ["m:1"]);
  assert.deepEqual([...world.pending.keys()], []);
  await end(world);
});

test("a payload that workers may still hold is never unloaded", async () => {
  const world = await serving(1n);
  await world.aspire("m");
  await world.fail("retire m:1", unavailable("worker 2 doesn't answer"));
  await world.manager.idle();
  assert.deepEqual([...world.pending.keys()], []);
  assert.deepEqual([...world.inMemory], ["m:1#1"]);
  assert.deepEqual(world.bus.status("m")?.[0], {
    version: 1n,
    state: ModelState.END,
    status: { code: Code.UNAVAILABLE, message: "worker 2 doesn't answer" },
  });
  assert.equal(
    world.log.at(-1),
    "E Servable {name: m version: 1} cannot be unloaded: UNAVAILABLE: worker 2 doesn't answer",
  );
});

test("an unload that fails ends the version with the error", async () => {
  const world = await serving(1n);
  await world.aspire("m", 2n);
  await world.finish("load m:2");
  await world.finish("publish m:2");
  await world.finish("retire m:1");
  await world.fail("unload m:1", new Error("native trouble"));
  assert.deepEqual(world.bus.status("m")?.[1], {
    version: 1n,
    state: ModelState.END,
    status: { code: Code.INTERNAL, message: "native trouble" },
  });
  assert.deepEqual([...world.available], ["m:2"]);
});

test("a version that can't be published to all is withdrawn from all, and the old one serves on", async () => {
  const world = await serving(1n);
  await world.aspire("m", 2n);
  await world.finish("load m:2");
  await world.fail("publish m:2", unavailable("worker 2 refuses"));
  await world.finish("retire m:2");
  await world.finish("unload m:2");
  assert.deepEqual([...world.available], ["m:1"]);
  assert.equal(world.bus.status("m")?.[0]?.status.message, "worker 2 refuses");
  await end(world);
});

test("the resource-preserving policy has the old version out of memory before it loads the new one", async () => {
  const world = new ScriptedServing(resourcePreservingPolicy, once);
  await world.aspire("m", 1n);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  await world.aspire("m", 2n);
  assert.deepEqual([...world.pending.keys()], ["retire m:1"]);
  await world.aspire("m", 3n);
  assert.equal(world.bus.status("m")?.[1]?.state, ModelState.END, "version 2 came and went untouched");
  await world.finish("retire m:1");
  await world.finish("unload m:1");
  await world.finish("load m:3");
  await world.finish("publish m:3");
  assert.deepEqual([...world.available], ["m:3"]);
  assert.deepEqual(
    world.announced.filter((line) => line.startsWith("m:2")),
    ["m:2 START", "m:2 END"],
  );
  await end(world);
});

test("stop cancels loads, unloads everything, and takes no more wishes", async () => {
  const world = await serving(1n, 2n);
  await world.aspire("m", 1n, 2n, 3n);
  let stopped = false;
  const stop = world.manager.stop().then(() => {
    stopped = true;
  });
  await world.aspire("m", 1n, 2n, 3n, 4n);
  assert.deepEqual([...world.pending.keys()].sort(), ["load m:3", "retire m:1", "retire m:2"]);
  await world.fail("load m:3", new Error("aborted"));
  await world.finish("retire m:1");
  await world.finish("unload m:1");
  await world.finish("retire m:2");
  assert.equal(stopped, false);
  await world.finish("unload m:2");
  await stop;
  assert.deepEqual([...world.inMemory], []);
  assert.ok(world.log.includes("I Unload all remaining servables in the manager."));
});

test("a version for which there is no room is refused, and says how much it takes", async () => {
  const world = new ScriptedServing(availabilityPreservingPolicy, once, 150);
  await world.aspire("m", 1n);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  await world.aspire("other", 1n);
  assert.deepEqual(world.bus.status("other"), [
    {
      version: 1n,
      state: ModelState.END,
      status: {
        code: Code.RESOURCE_EXHAUSTED,
        message:
          "Insufficient resources to load servable {name: other version: 1}: it takes about 100 bytes of memory; of 150 " +
          "bytes, other models take 100",
      },
    },
  ]);
  assert.equal(world.manager.reservedRamBytes(), 100);
  await end(world);
});

test("a version waits for room that is being made", async () => {
  const world = new ScriptedServing(resourcePreservingPolicy, once, 150);
  await world.aspire("m", 1n);
  await world.finish("load m:1");
  await world.finish("publish m:1");
  await world.aspire("m");
  await world.aspire("other", 1n);
  await world.aspire("third", 1n);
  assert.deepEqual([...world.pending.keys()], ["retire m:1"]);
  await world.finish("retire m:1");
  await world.finish("unload m:1");
  await new Promise(setImmediate);
  assert.deepEqual([...world.pending.keys()], ["load other:1"], "only one finds room");
  await world.fail("load other:1", new Error("broken"));
  await new Promise(setImmediate);
  assert.deepEqual([...world.pending.keys()], ["load third:1"]);
  await end(world);
});
