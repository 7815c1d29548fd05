import assert from "node:assert/strict";
import { test } from "node:test";
import { createLogger } from "../status/log.ts";
import { Code, unavailable } from "../status/status.ts";
import { type LazyPayload, LazyVersions } from "./lazy-versions.ts";
import type { Loader } from "./loader.ts";
import type { ServableId } from "./servable.ts";

const id = (name: string, version = 1n): ServableId => ({ name, version });

/** Lazy versions on a clock of the test's, with loaders that do what they are told, of 10 bytes each. */
class Scripted {
  now = 1_000_000;
  /** What was done, e.g. `load a:1`. */
  readonly calls: string[] = [];
  /** The published payloads of versions. */
  readonly published = new Map<string, LazyPayload<string>>();
  /** Versions whose loads fail. */
  readonly broken = new Set<string>();
  /** What must be over before a load ends. */
  gate: Promise<void> = Promise.resolve();
  readonly versions: LazyVersions<string>;

  constructor(options: { readonly idleSeconds?: number; readonly ramLimitBytes?: number } = {}) {
    this.versions = new LazyVersions<string>({
      pool: {
        publish: async (of, payload) => {
          this.calls.push(`publish ${key(of)} ${payload.loaded === undefined ? "without" : "with"} it`);
          this.published.set(key(of), payload);
        },
        retire: async (of) => {
          this.calls.push(`retire ${key(of)}`);
          this.published.delete(key(of));
        },
      },
      idleSeconds: options.idleSeconds ?? 0,
      ramLimitBytes: options.ramLimitBytes ?? 1000,
      log: createLogger({ write: () => {} }, ""),
      now: () => this.now,
    });
  }

  /** Does what the manager does with a version that is aspired. */
  async serve(of: ServableId): Promise<Loader<LazyPayload<string>>> {
    const loader = this.versions.lazy({
      id: of,
      estimate: async () => ({ ramBytes: 10 }),
      load: async () => {
        this.calls.push(`load ${key(of)}`);
        await this.gate;
        if (this.broken.has(key(of))) throw unavailable("broken");
        return `model ${key(of)}`;
      },
      unload: async (payload) => void this.calls.push(`unload ${payload}`),
    });
    assert.deepEqual(await loader.estimate(), { ramBytes: 0 });
    await this.versions.pool.publish(of, await loader.load(new AbortController().signal));
    return loader;
  }

  /** And with one that isn't any more. */
  async drop(loader: Loader<LazyPayload<string>>): Promise<void> {
    const payload = this.published.get(key(loader.id))!;
    await this.versions.pool.retire(loader.id);
    await loader.unload(payload);
  }

  use(of: ServableId): void {
    new Float64Array(this.published.get(key(of))!.lastUse)[0] = this.now;
  }

  /** What was done since it was last asked. */
  done(): string[] {
    return this.calls.splice(0);
  }
}

function key({ name, version }: ServableId): string {
  return `${name}:${version}`;
}

test("a version is loaded by the first request, once for all that come meanwhile", async () => {
  const scripted = new Scripted();
  await scripted.serve(id("a"));
  assert.deepEqual(scripted.done(), ["publish a:1 without it"]);
  await Promise.all([1, 2, 3].map(() => scripted.versions.demand(id("a"))));
  await scripted.versions.demand(id("a"));
  assert.deepEqual(scripted.done(), ["load a:1", "publish a:1 with it"]);
  assert.equal(scripted.published.get("a:1")!.loaded, "model a:1");
});

test("what nobody has asked for so long is unloaded, and loaded again by the next request", async () => {
  const scripted = new Scripted({ idleSeconds: 60 });
  for (const name of ["a", "b", "c"]) await scripted.serve(id(name));
  for (const name of ["a", "b"]) await scripted.versions.demand(id(name));
  scripted.now += 50_000;
  scripted.use(id("b"));
  scripted.done();
  scripted.now += 10_000;
  await scripted.versions.sweep();
  assert.deepEqual(scripted.done(), ["publish a:1 without it", "unload model a:1"]);
  assert.equal(scripted.versions.takenBytes(), 10);
  await scripted.versions.demand(id("a"));
  assert.deepEqual(scripted.done(), ["load a:1", "publish a:1 with it"]);
  await scripted.versions.sweep();
  assert.deepEqual(scripted.done(), []);
});

test("without a time nothing is unloaded for being idle", async () => {
  const scripted = new Scripted();
  await scripted.serve(id("a"));
  await scripted.versions.demand(id("a"));
  scripted.now += 1e9;
  scripted.done();
  await scripted.versions.sweep();
  assert.deepEqual(scripted.done(), []);
});

test("where memory is short, those go that were asked for the longest ago", async () => {
  const scripted = new Scripted({ ramLimitBytes: 25 });
  for (const name of ["a", "b", "c"]) await scripted.serve(id(name));
  for (const name of ["a", "b"]) {
    await scripted.versions.demand(id(name));
    scripted.now += 1000;
  }
  scripted.use(id("a"));
  scripted.done();
  await scripted.versions.demand(id("c"));
  assert.deepEqual(scripted.done(), [
    "publish b:1 without it",
    "unload model b:1",
    "load c:1",
    "publish c:1 with it",
  ]);
  assert.equal(scripted.versions.takenBytes(), 20);
});

test("a load waits for another that takes the memory, and then takes it", async () => {
  const scripted = new Scripted({ ramLimitBytes: 15 });
  for (const name of ["a", "b"]) await scripted.serve(id(name));
  scripted.done();
  await Promise.all(["a", "b"].map((name) => scripted.versions.demand(id(name))));
  assert.deepEqual(scripted.done(), [
    "load a:1",
    "publish a:1 with it",
    "publish a:1 without it",
    "unload model a:1",
    "load b:1",
    "publish b:1 with it",
  ]);
});

test("a version that can never fit is refused", async () => {
  const scripted = new Scripted({ ramLimitBytes: 9 });
  await scripted.serve(id("a"));
  await assert.rejects(scripted.versions.demand(id("a")), {
    code: Code.RESOURCE_EXHAUSTED,
    message: /takes about 10 bytes/,
  });
  assert.equal(scripted.versions.takenBytes(), 0);
});

test("a load that fails is told to those who wait, and tried again after a second", async () => {
  const scripted = new Scripted();
  await scripted.serve(id("a"));
  scripted.broken.add("a:1");
  scripted.done();
  const demands = [scripted.versions.demand(id("a")), scripted.versions.demand(id("a"))];
  for (const demand of demands) await assert.rejects(demand, { message: "broken" });
  await assert.rejects(scripted.versions.demand(id("a")), { message: "broken" });
  assert.deepEqual(scripted.done(), ["load a:1"]);
  scripted.broken.clear();
  scripted.now += 1000;
  await scripted.versions.demand(id("a"));
  assert.deepEqual(scripted.done(), ["load a:1", "publish a:1 with it"]);
});

test("a newer version of a model that is in memory is loaded before it is published", async () => {
  const scripted = new Scripted();
  const old = await scripted.serve(id("a"));
  await scripted.versions.demand(id("a"));
  scripted.done();
  await scripted.serve(id("a", 2n));
  await scripted.drop(old);
  assert.deepEqual(scripted.done(), ["load a:2", "publish a:2 with it", "retire a:1", "unload model a:1"]);
  // Of one that isn't, it is not.
  await scripted.serve(id("b"));
  await scripted.serve(id("b", 2n));
  assert.deepEqual(scripted.done(), ["publish b:1 without it", "publish b:2 without it"]);
});

test("a version that goes while it is being loaded is published nowhere and freed", async () => {
  const scripted = new Scripted();
  const loader = await scripted.serve(id("a"));
  const { promise, resolve } = Promise.withResolvers<void>();
  scripted.gate = promise;
  const demand = scripted.versions.demand(id("a"));
  await new Promise(setImmediate);
  const dropped = scripted.drop(loader);
  resolve();
  await Promise.all([demand, dropped]);
  const calls = scripted.done();
  assert.ok(calls.indexOf("retire a:1") > calls.lastIndexOf("publish a:1 with it"), calls.join());
  assert.equal(calls.at(-1), "unload model a:1");
  assert.equal(scripted.published.size, 0);
  // Who comes too late finds nothing, which the lookup then says.
  await scripted.versions.demand(id("a"));
  assert.deepEqual(scripted.done(), []);
});

test("one that was never asked for is dropped without having been loaded", async () => {
  const scripted = new Scripted();
  await scripted.drop(await scripted.serve(id("a")));
  assert.deepEqual(scripted.done(), ["publish a:1 without it", "retire a:1"]);
});
