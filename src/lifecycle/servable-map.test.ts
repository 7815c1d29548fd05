import assert from "node:assert/strict";
import { test } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import { CancellationSource } from "../status/cancellation.ts";
import { Code } from "../status/status.ts";
import { ModelState, type Servable } from "./servable.ts";
import { ServableMap } from "./servable-map.ts";

const result: RunResult = { tensors: [], dispose() {} };

function servable(name: string, version: bigint): Servable & { readonly runs: unknown[][] } {
  const runs: unknown[][] = [];
  return {
    id: { name, version },
    signatures: new Map([["serving_default", { methodName: "", inputs: new Map(), outputs: new Map() }]]),
    runs,
    run(...args) {
      runs.push(args);
      return result;
    },
    signatureDefMap: () => new Uint8Array([Number(version)]),
  };
}

function mapOf(...versions: [string, bigint][]): ServableMap {
  const map = new ServableMap();
  for (const [name, version] of versions) map.add(servable(name, version));
  return map;
}

/** Whether a promise has settled by now. */
async function settled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  await new Promise(setImmediate);
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

test("a handle passes everything on to its servable", () => {
  const map = new ServableMap();
  const added = servable("m", 3n);
  map.add(added);
  const handle = map.acquire({ name: "m" });
  assert.deepEqual(handle.id, { name: "m", version: 3n });
  assert.equal(handle.signatures, added.signatures);
  assert.deepEqual(handle.signatureDefMap(), new Uint8Array([3]));
  const cancellation = new CancellationSource();
  assert.equal(handle.run("s", [], ["o"], cancellation), result);
  assert.deepEqual(added.runs, [["s", [], ["o"], cancellation]]);
});

test("a request gets the highest version, the one it names, or the one its label names", () => {
  const map = mapOf(["m", 9n], ["m", 10n], ["m", 2n]);
  map.setLabels(new Map([["m", new Map([["stable", 2n]])]]));
  assert.equal(map.acquire({ name: "m" }).id.version, 10n);
  assert.equal(map.acquire({ name: "m", version: 9n }).id.version, 9n);
  assert.equal(map.acquire({ name: "m", label: "stable" }).id.version, 2n);
});

test("what isn't there is an error in TensorFlow Serving's words", () => {
  const map = mapOf(["m", 1n]);
  map.setLabels(new Map([["m", new Map([["gone", 7n]])]]));
  const refused = (request: Parameters<ServableMap["acquire"]>[0], code: Code, message: string) =>
    assert.throws(() => map.acquire(request), { name: "StatusError", code, message });
  refused({ name: "x" }, Code.NOT_FOUND, "Servable not found for request: Latest(x)");
  refused({ name: "m", version: 3n }, Code.NOT_FOUND, "Servable not found for request: Specific(m, 3)");
  refused({ name: "x", version: 0n }, Code.NOT_FOUND, "Servable not found for request: Specific(x, 0)");
  refused({ name: "m", label: "gone" }, Code.NOT_FOUND, "Servable not found for request: Specific(m, 7)");
  refused({ name: "m", label: "new" }, Code.INVALID_ARGUMENT, "Unrecognized servable version label: new");
  refused({ name: "x", label: "gone" }, Code.INVALID_ARGUMENT, "Unrecognized servable version label: gone");
});

test("a version that goes makes way for the next lower one, and waits for its handles", async () => {
  const map = mapOf(["m", 1n], ["m", 2n]);
  const first = map.acquire({ name: "m" });
  const second = map.acquire({ name: "m", version: 2n });
  const removed = map.remove({ name: "m", version: 2n });
  assert.equal(map.acquire({ name: "m" }).id.version, 1n);
  assert.throws(() => map.acquire({ name: "m", version: 2n }), { code: Code.NOT_FOUND });
  first.release();
  assert.equal(await settled(removed), false);
  assert.equal(second.run("s", [], []), result, "a request under way goes on");
  second.release();
  assert.equal((await removed)?.id.version, 2n);
});

test("a version that goes while requests use it is told that no more will come", async () => {
  const map = new ServableMap();
  const told: string[] = [];
  map.add({
    ...servable("m", 1n),
    retire: () => told.push("retire"),
  });
  const handle = map.acquire({ name: "m" });
  const removed = map.remove({ name: "m", version: 1n });
  assert.deepEqual(told, ["retire"]);
  handle.release();
  await removed;
  assert.deepEqual(told, ["retire"]);
});

test("a version without handles goes at once, and can come again", async () => {
  const map = mapOf(["m", 1n]);
  map.acquire({ name: "m" }).release();
  assert.equal((await map.remove({ name: "m", version: 1n }))?.id.version, 1n);
  assert.equal(await map.remove({ name: "m", version: 1n }), undefined);
  assert.equal(await map.remove({ name: "x", version: 1n }), undefined);
  assert.throws(() => map.acquire({ name: "m" }), { code: Code.NOT_FOUND });
  map.add(servable("m", 1n));
  assert.equal(map.acquire({ name: "m" }).id.version, 1n);
});

test("a version that comes again while old handles live is another one", async () => {
  const map = mapOf(["m", 1n]);
  const old = map.acquire({ name: "m" });
  const removed = map.remove({ name: "m", version: 1n });
  map.add(servable("m", 1n));
  map.acquire({ name: "m" }).release();
  assert.equal(await settled(removed), false);
  old.release();
  assert.ok(await removed);
});

test("a version can't be added twice", () => {
  const map = mapOf(["m", 1n]);
  assert.throws(() => map.add(servable("m", 1n)), { message: "{name: m version: 1} is served already" });
});

test("a second release is refused and isn't counted", async () => {
  const map = mapOf(["m", 1n]);
  const careless = map.acquire({ name: "m" });
  const other = map.acquire({ name: "m" });
  careless.release();
  const message = "A handle of {name: m version: 1} was used after its release";
  assert.throws(() => careless.release(), { code: Code.INTERNAL, message });
  assert.throws(() => careless.run("s", [], []), { code: Code.INTERNAL, message });
  const removed = map.remove({ name: "m", version: 1n });
  assert.equal(await settled(removed), false);
  other.release();
  assert.equal(await settled(removed), true);
});

test("states and names are what the control thread says, served or not", () => {
  const map = mapOf(["m", 1n]);
  const status = { code: Code.OK, message: "" };
  assert.equal(map.status("m"), undefined);
  map.setStatus("m", { version: 1n, state: ModelState.AVAILABLE, status });
  map.setStatus("m", { version: 2n, state: ModelState.LOADING, status });
  assert.deepEqual(
    map.status("m")?.map(({ version, state }) => [version, state]),
    [
      [2n, ModelState.LOADING],
      [1n, ModelState.AVAILABLE],
    ],
  );
  assert.deepEqual([...map.names()], []);
  map.setNames(["m", "still-empty"]);
  assert.deepEqual([...map.names()], ["m", "still-empty"]);
});
