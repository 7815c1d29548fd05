import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import type { OnnxEngine } from "../engines/engine.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { recordingLog } from "../status/log-cases.ts";
import { Code, invalidArgument } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import { imported } from "./servable-payload.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const { log, lines } = recordingLog();
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log });
const id = { name: "m", version: 1n };

describe("SavedModelLoading", () => {
  it("gives signatures that compute the same one native session", async () => {
    const payload = imported(await loading.load(id, join(MODELS, "keras3_mlp/1")));
    assert.ok(payload.programs.size > 1);
    const used = [...payload.programs.values()].map(({ sessions }) => sessions);
    for (const sessions of used) assert.deepEqual(sessions, used[0]);
    await loading.unload(payload);
  });

  it("keeps signatures apart that compute different things", async () => {
    const payload = imported(await loading.load(id, join(MODELS, "half_plus_two_tf1/123")));
    assert.equal(payload.programs.size, 5);
    const programs = [...payload.programs.values(), ...payload.freePrograms.values()];
    const used = programs.flatMap(({ sessions }) => sessions);
    assert.equal(new Set(used).size, payload.sessions.length);
    assert.notDeepEqual(
      payload.programs.get("regress_x_to_y")!.sessions,
      payload.programs.get("regress_x_to_y2")!.sessions,
    );
    assert.deepEqual(
      payload.programs.get("regress_x_to_y")!.sessions,
      payload.programs.get("classify_x_to_y")!.sessions,
    );
    await loading.unload(payload);
  });

  it("survives the way to another thread", async () => {
    const payload = structuredClone(imported(await loading.load(id, join(MODELS, "half_plus_two/123"))));
    const servable = await SavedModelServable.attach(payload, engine, 0);
    const x = { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } as const;
    const result = await servable.run("serving_default", [x], ["y"]);
    assert.deepEqual(result.tensors, [{ dtype: "float32", shape: [2], data: Float32Array.of(2.5, 3) }]);
    result.dispose();
    servable.release();
    await loading.unload(payload);
  });

  it("estimates memory by the size of the files", async () => {
    const { ramBytes } = await loading.estimate(join(MODELS, "keras3_mlp/1"));
    assert.ok(ramBytes > 10_000 && ramBytes < 1_000_000, String(ramBytes));
  });

  it("says, in the log too, what is wrong with a model", async () => {
    const broken = join(folder, "broken");
    cpSync(join(MODELS, "half_plus_two/123"), broken, { recursive: true });
    const data = join(broken, "variables/variables.data-00000-of-00001");
    const bytes = readFileSync(data);
    bytes[0]! ^= 1;
    writeFileSync(data, bytes);
    await assert.rejects(loading.load(id, broken), (error: { code: number; message: string }) => {
      assert.equal(error.code, Code.DATA_LOSS);
      assert.match(error.message, /variables\.data-00000-of-00001/);
      return true;
    });
    assert.match(lines.at(-1)!, /SavedModel load for tags { serve }; Status: fail: DATA_LOSS: /);
  });

  it("takes a graph that the engine refuses for one that isn't covered, and frees what it had", async () => {
    let created = 0;
    const destroyed: bigint[] = [];
    const refusing: OnnxEngine = {
      name: engine.name,
      create: (...args) =>
        created++ < 1
          ? engine.create(...args)
          : Promise.reject(invalidArgument("ONNX Runtime can't take the model: no such kernel")),
      attach: (descriptor) => engine.attach(descriptor),
      destroy: (descriptor) => {
        destroyed.push(descriptor.handle);
        engine.destroy(descriptor);
      },
      shareWeights: (weights) => engine.shareWeights(weights),
      releaseWeights: (weights) => engine.releaseWeights(weights),
    };
    const other = new SavedModelLoading({ storage: fileStorage, engine: refusing, tags: ["serve"], log });
    await assert.rejects(other.load(id, join(MODELS, "half_plus_two/123")), {
      code: Code.UNIMPLEMENTED,
      message: /can't be served: ONNX Runtime can't take the model: no such kernel\. The engine TensorFlow/,
    });
    assert.equal(destroyed.length, 1);
  });

  it("leaves no memory behind when a model is loaded and unloaded 200 times", () => {
    // In a process of its own with a small young generation, so that the heap's reserve doesn't hide a leak: a session
    // that is kept costs 190 KB, 38 MB in all.
    const script = fileURLToPath(new URL("./load-scenarios.ts", import.meta.url));
    const flags = ["--expose-gc", "--max-semi-space-size=1"];
    const grown = Number(execFileSync(process.execPath, [...flags, script, join(MODELS, "keras2_mlp/1")]));
    assert.ok(grown < 8 << 20, `resident memory grew by ${grown} bytes`);
  });
});
