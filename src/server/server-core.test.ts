import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import type { ModelConfig } from "../config/model-server-config.ts";
import { ModelState, type VersionLabels } from "../lifecycle/servable.ts";
import { StateBus } from "../lifecycle/state-bus.ts";
import { FileSystemStoragePathSource } from "../sources/file-system-storage-path-source.ts";
import { createLogger } from "../status/log.ts";
import { Code } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { ServerCore, type StartWait } from "./server-core.ts";

const ok = { code: Code.OK, message: "" } as const;
const broken = { code: Code.DATA_LOSS, message: "truncated" } as const;

/** A core over real folders; the test plays the manager that loads what is aspired. */
class Scene {
  readonly root = mkdtempSync(join(tmpdir(), "core-"));
  readonly bus = new StateBus();
  readonly core: ServerCore;
  /** What the source wants by now. */
  readonly aspired = new Map<string, string>();
  models: { names: readonly string[]; labels: VersionLabels } = { names: [], labels: new Map() };
  readonly log: string[] = [];
  /** Models that the manager brings up as soon as they are aspired. */
  readonly loads = new Set<string>();
  readonly #source: FileSystemStoragePathSource;

  constructor(t: TestContext) {
    const log = createLogger({ write: (_, __, message) => this.log.push(message) }, "");
    const config = {
      servables: [],
      pollWaitSeconds: 3600,
      servableVersionsAlwaysPresent: false,
      settleMilliseconds: 0,
    };
    this.#source = new FileSystemStoragePathSource(config, fileStorage, log);
    this.core = new ServerCore({
      source: this.#source,
      bus: this.bus,
      pool: {
        setModels: async (names, labels) => {
          this.models = { names, labels };
        },
      },
      allowVersionLabelsForUnavailableModels: false,
      log,
    });
    t.after(async () => {
      await this.#source.stop();
      rmSync(this.root, { recursive: true });
    });
  }

  start(models: readonly ModelConfig[], enough: StartWait = "all"): Promise<void> {
    const take = (name: string, versions: readonly bigint[]) => {
      this.aspired.set(name, versions.join());
      if (this.loads.has(name)) for (const version of versions) this.say(name, version, ModelState.AVAILABLE);
    };
    return this.core.start(
      models,
      ({ name, versions }) =>
        take(
          name,
          versions.map(({ version }) => version),
        ),
      enough,
    );
  }

  say(name: string, version: bigint, state: ModelState, status: { code: Code; message: string } = ok): void {
    this.bus.publish({ id: { name, version }, state, status });
  }

  /** A model with a folder for version 1. */
  model(name: string, labels: readonly [string, bigint][] = [], folder = name): ModelConfig {
    mkdirSync(join(this.root, folder, "1"), { recursive: true });
    return { ...this.missing(name), basePath: join(this.root, folder), versionLabels: new Map(labels) };
  }

  missing(name: string): ModelConfig {
    return {
      name,
      basePath: join(this.root, "nothing", name),
      platform: "tensorflow",
      versionPolicy: { kind: "latest", numVersions: 1 },
      versionLabels: new Map(),
    };
  }
}

async function isPending(promise: Promise<void>): Promise<boolean> {
  let over = false;
  promise.then(
    () => {
      over = true;
    },
    () => {
      over = true;
    },
  );
  await new Promise((resolve) => setTimeout(resolve, 50));
  return !over;
}

test("the start says which models have nothing to serve, if that keeps the ports closed", async (t) => {
  const waits = /^No port is open before there is something to serve for gone: /;
  for (const [enough, says] of [
    ["all", true],
    ["any", false],
    ["none", false],
  ] as const) {
    const scene = new Scene(t);
    void scene.start([scene.model("there"), scene.missing("gone")], enough);
    await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(
      scene.log.some((line) => waits.test(line)),
      says,
      enough,
    );
  }
});

test("a reload ends when the new models serve, and takes away those that are not named any more", async (t) => {
  const scene = new Scene(t);
  scene.loads.add("a");
  await scene.start([scene.model("a")]);
  const reload = scene.core.reload([scene.model("b")]);
  assert.equal(await isPending(reload), true);
  assert.deepEqual(Object.fromEntries(scene.aspired), { a: "", b: "1" });
  assert.deepEqual(scene.models.names, ["b"]);
  scene.say("b", 1n, ModelState.AVAILABLE);
  await reload;
  assert.deepEqual(scene.log.slice(-3), [
    "Adding/updating models.",
    " (Re-)adding model: b",
    "Finished adding/updating models",
  ]);
});

test("a configuration that can't be taken leaves everything as it was", async (t) => {
  const scene = new Scene(t);
  scene.loads.add("a");
  await scene.start([scene.model("a")]);
  await scene.core.reload([scene.model("a", [["stable", 1n]])]);
  const before = scene.models;
  await assert.rejects(scene.core.reload([scene.model("b"), scene.model("a", [["stable", 2n]])]), {
    code: Code.FAILED_PRECONDITION,
    message:
      "Request to assign label to version 2 of model a, which is not currently available for inference",
  });
  await assert.rejects(scene.core.reload([{ ...scene.model("a"), platform: "other" }]), {
    code: Code.INVALID_ARGUMENT,
    message:
      "Illegal to change a model's platform. For model a platform was tensorflow and new platform requested is other",
  });
  assert.equal(scene.models, before);
  assert.deepEqual(Object.fromEntries(scene.aspired), { a: "1" });
  await scene.core.reload(undefined);
  assert.equal(scene.models, before);
});

test("models that can't be served are named, and keep neither others nor a later reload from it", async (t) => {
  const scene = new Scene(t);
  scene.loads.add("good").add("later");
  await scene.start([]);
  const reload = scene.core.reload([
    scene.model("good"),
    scene.model("bad"),
    scene.missing("none"),
    scene.model("slow"),
  ]);
  await isPending(reload);
  await scene.core.reload([
    scene.model("good"),
    scene.model("bad"),
    scene.missing("none"),
    scene.model("later"),
  ]);
  assert.equal(await isPending(reload), true);
  scene.say("bad", 1n, ModelState.END, broken);
  await assert.rejects(reload, (error: { code: Code; message: string }) => {
    assert.equal(error.code, Code.UNKNOWN);
    assert.match(error.message, /^3 model\(s\) did not become available: \{/);
    assert.match(error.message, /\{none due to error: .*Could not find base path .*NOT_FOUND/);
    assert.match(error.message, /\{slow due to error: ABORTED: A later reload took the model away\}/);
    assert.match(error.message, /\{\{name: bad version: 1\} due to error: DATA_LOSS: truncated\}/);
    return true;
  });
  assert.deepEqual(scene.models.names, ["good", "bad", "none", "later"]);
});

test("a model that comes back is waited for anew", async (t) => {
  const scene = new Scene(t);
  scene.loads.add("a");
  await scene.start([scene.model("a")]);
  await scene.core.reload([]);
  scene.say("a", 1n, ModelState.END, broken);
  scene.loads.delete("a");
  const reload = scene.core.reload([scene.model("a")]);
  assert.equal(await isPending(reload), true);
  scene.say("a", 1n, ModelState.AVAILABLE);
  await reload;
});

test("what stays the same is not looked at again; another base path is", async (t) => {
  const scene = new Scene(t);
  scene.loads.add("a");
  await scene.start([scene.model("a")]);
  scene.aspired.clear();
  await scene.core.reload([scene.model("a")]);
  assert.equal(scene.aspired.size, 0);
  await scene.core.reload([scene.model("a", [], "elsewhere")]);
  assert.deepEqual(Object.fromEntries(scene.aspired), { a: "1" });
});

test("a start waits for all models, for any, or for none", async (t) => {
  const all = new Scene(t);
  all.loads.add("a");
  const starting = all.start([all.model("a"), all.model("b")]);
  assert.equal(await isPending(starting), true);
  all.say("b", 1n, ModelState.END, broken);
  await assert.rejects(
    starting,
    /1 servable\(s\) did not become available: \{\{\{name: b version: 1\} due to error/,
  );

  const any = new Scene(t);
  any.loads.add("a");
  await any.start([any.missing("b"), any.model("a")], "any");

  const none = new Scene(t);
  await none.start([none.missing("b"), none.model("a")], "none");
});
