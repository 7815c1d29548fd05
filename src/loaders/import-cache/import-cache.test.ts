import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../../engines/onnxruntime/engine.ts";
import { Code } from "../../status/status.ts";
import { fileStorage } from "../../storage/file.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { SavedModelLoading } from "../saved-model-loading.ts";
import { SavedModelServable } from "../saved-model-servable.ts";
import { type ImportedPayload, imported } from "../servable-payload.ts";
import { ImportCache } from "./import-cache.ts";

const MODELS = fileURLToPath(new URL("../../../fixtures/models", import.meta.url));
const SCENARIO = fileURLToPath(new URL("./cache-scenarios.ts", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "servable-imports-"));
after(() => rmSync(root, { recursive: true, force: true }));

const lines: string[] = [];
const log = {
  info: (line: string) => lines.push(line),
  warning: (line: string) => lines.push(line),
  error: (line: string) => lines.push(line),
};
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const SETTINGS = { tags: ["serve"], allowsFileOps: false, intraOpThreads: 1 };
const id = { name: "m", version: 1n };

function loadingFrom(folder: string, settings = SETTINGS): SavedModelLoading {
  const importCache = new ImportCache(folder, fileStorage, settings, log);
  return new SavedModelLoading({ storage: fileStorage, engine, ...settings, log, importCache });
}

interface Load {
  readonly payload: ImportedPayload;
  /** Whether it came from the cache. */
  readonly isHit: boolean;
}

/** Loads, uses and unloads. */
async function loading<T>(
  path: string,
  folder: string,
  use: (load: Load) => Promise<T>,
  settings = SETTINGS,
): Promise<T> {
  lines.length = 0;
  const loader = loadingFrom(folder, settings);
  const payload = imported(await loader.load(id, path));
  try {
    return await use({ payload, isHit: lines.some((line) => line.includes("imported before")) });
  } finally {
    await loader.unload(payload);
  }
}

const isHit = (path: string, folder: string, settings = SETTINGS) =>
  loading(path, folder, async (load) => load.isHit, settings);

const newFolder = () => mkdtempSync(join(root, "cache-"));
const entriesOf = (folder: string) => readdirSync(folder).map((name) => join(folder, name));

function copied(model: string): string {
  const copy = mkdtempSync(join(root, "model-"));
  cpSync(join(MODELS, model), copy, { recursive: true });
  return copy;
}

/** Ones of each input's dtype. */
function ones(dtype: Tensor["dtype"], declared: readonly number[] | undefined): Tensor {
  const shape = (declared ?? []).map((dim) => (dim < 0 ? 2 : dim));
  const count = elementCount(shape);
  if (dtype === "string")
    return { dtype, shape, data: Array.from({ length: count }, () => Buffer.from("the")) };
  const { array, lanes } = dtypeInfo(dtype);
  const data = new array!(count * lanes) as Float32Array;
  data.fill((dtype.endsWith("64") && dtype.includes("int") ? 1n : 1) as number);
  return { dtype, shape, data } as Tensor;
}

/** What each signature answers, or says. */
async function answers(payload: ImportedPayload): Promise<ReadonlyMap<string, unknown>> {
  const servable = await SavedModelServable.attach(payload, engine, 0);
  try {
    const all = new Map<string, unknown>();
    for (const [key, { inputs, outputs }] of payload.signatures) {
      try {
        const given = [...inputs.values()].map(({ dtype, shape }) => ones(dtype as Tensor["dtype"], shape));
        const result = await servable.run(key, given, [...outputs.keys()]);
        all.set(key, structuredClone(result.tensors));
        result.dispose();
      } catch (error) {
        all.set(key, (error as Error).message);
      }
    }
    return all;
  } finally {
    servable.release();
  }
}

/** All that request workers get, but for what is native or measured. */
function served({ signatures, signatureDefMap, programs, freePrograms, sessions, state }: ImportedPayload) {
  const { tables, randomStreams } = state;
  const shapes = sessions.map(({ session: { inputs, outputs }, isUnbounded }) => [
    inputs,
    outputs,
    isUnbounded,
  ]);
  return structuredClone({
    signatures,
    signatureDefMap,
    programs,
    freePrograms,
    shapes,
    tables,
    streams: [...randomStreams.keys()],
  });
}

/** What the fixtures have of weights, tables, loops, programs and other shapes. */
const KEPT = [
  "half_plus_two/123",
  "half_plus_two_tf1/123",
  "half_plus_two_tf2/1",
  "keras2_cnn/1",
  "keras3_transformer/1",
  "recurrent_keras3/1",
  "tf1_partitions/1",
  "vocabulary/1",
  "every_type/1",
  "loops/1",
];

describe("the import cache", () => {
  for (const model of KEPT) {
    it(`gives back what ${model} was imported to`, async () => {
      const folder = newFolder();
      const path = join(MODELS, model);
      const first = await loading(path, folder, async ({ payload, isHit }) => {
        assert.equal(isHit, false);
        const found = await answers(payload);
        assert.ok([...found.values()].some(Array.isArray), "no signature answers");
        return { served: served(payload), answers: found };
      });
      assert.equal(entriesOf(folder).length, 1, lines.join("\n"));
      await loading(path, folder, async ({ payload, isHit }) => {
        assert.equal(isHit, true, lines.join("\n"));
        assert.deepEqual(served(payload), first.served);
        assert.deepEqual(await answers(payload), first.answers);
      });
    });
  }

  it("gives workers arrays that don't take the whole entry with them", async () => {
    const folder = newFolder();
    const path = join(MODELS, "every_type/1");
    await isHit(path, folder);
    await loading(path, folder, async ({ payload }) => {
      assert.equal(payload.signatureDefMap.byteLength, payload.signatureDefMap.buffer.byteLength);
      assert.ok([...payload.programs.values()].length > 0);
    });
  });

  it("keeps no model with state that requests change", async () => {
    const folder = newFolder();
    for (const model of ["tf2_state/1", "tf1_state/1"]) {
      assert.equal(await isHit(join(MODELS, model), folder), false);
      assert.equal(await isHit(join(MODELS, model), folder), false);
    }
    assert.deepEqual(readdirSync(folder), []);
  });

  it("imports anew, and keeps anew, where an entry is damaged or isn't one", async () => {
    const folder = newFolder();
    const path = join(MODELS, "keras3_mlp/1");
    await isHit(path, folder);
    const [entry] = entriesOf(folder);
    const whole = readFileSync(entry!);
    const damages: readonly Buffer[] = [
      Buffer.alloc(0),
      whole.subarray(0, whole.length - 1),
      Buffer.from(whole).fill(0, whole.length >> 1, (whole.length >> 1) + 8),
      Buffer.from("not what we wrote"),
    ];
    for (const damaged of damages) {
      writeFileSync(entry!, damaged);
      assert.equal(await isHit(path, folder), false);
      assert.equal(await isHit(path, folder), true);
    }
  });

  it("imports a model that changed where it lies", async () => {
    const folder = newFolder();
    const path = copied("half_plus_two_tf1/123");
    const halfPlusTwo = await loading(path, folder, ({ payload }) => answers(payload));
    cpSync(join(MODELS, "half_plus_three_tf1/1"), path, { recursive: true });
    // However alike sizes and times are.
    utimesSync(join(path, "saved_model.pb"), 1000, 1000);
    const halfPlusThree = await loading(path, folder, async ({ payload, isHit }) => {
      assert.equal(isHit, false);
      return answers(payload);
    });
    assert.notDeepEqual(halfPlusThree, halfPlusTwo);
    assert.deepEqual(
      await loading(path, folder, async ({ payload, isHit }) => {
        assert.equal(isHit, true);
        return answers(payload);
      }),
      halfPlusThree,
    );
  });

  it("keeps nothing of a model that changes while it is read", async () => {
    const folder = newFolder();
    const path = copied("half_plus_two/123");
    const place = await new ImportCache(folder, fileStorage, SETTINGS, log).place(path);
    await place!.write(() => {
      writeFileSync(join(path, "saved_model.pb"), readFileSync(join(MODELS, "keras3_mlp/1/saved_model.pb")));
      return Buffer.from("content");
    });
    assert.deepEqual(readdirSync(folder), []);
  });

  it("is another one for other settings", async () => {
    const folder = newFolder();
    const path = join(MODELS, "half_plus_two/123");
    await isHit(path, folder);
    assert.equal(await isHit(path, folder, { ...SETTINGS, intraOpThreads: 2 }), false);
    assert.equal(await isHit(path, folder), true);
  });

  it("reads weights from the checkpoint, and finds what is damaged there", async () => {
    const folder = newFolder();
    const path = copied("keras3_mlp/1");
    await isHit(path, folder);
    const data = join(path, "variables/variables.data-00000-of-00001");
    const bytes = readFileSync(data);
    // Where a large weight lies: small ones are part of the graph.
    for (let i = 0; i < bytes.length; i += 256) bytes[i]! ^= 1;
    writeFileSync(data, bytes);
    await assert.rejects(isHit(path, folder), { code: Code.DATA_LOSS });
    rmSync(data);
    await assert.rejects(isHit(path, folder), { code: Code.NOT_FOUND });
  });

  it("does without where its folder can't be", async () => {
    const file = join(root, "a-file");
    writeFileSync(file, "");
    const folder = join(file, "imports");
    const path = join(MODELS, "half_plus_two/123");
    assert.equal(await isHit(path, folder), false);
    assert.equal(await isHit(path, folder), false);
    assert.ok(lines.some((line) => line.startsWith("The import cache can't be used to write: ")));
  });

  it("leaves it to the import to say what is wrong with a model", async () => {
    await assert.rejects(isHit(join(root, "nothing"), newFolder()), { code: Code.NOT_FOUND });
  });

  it("is shared by processes that start at once", { timeout: 120_000 }, async () => {
    const folder = newFolder();
    const path = join(MODELS, "keras3_mlp/1");
    const started = Array.from({ length: 3 }, () => {
      const child = spawn(process.execPath, [SCENARIO, path, folder, "4"], {
        stdio: ["ignore", "pipe", "inherit"],
      });
      let text = "";
      child.stdout.on("data", (piece: Buffer) => {
        text += piece;
      });
      return once(child, "close").then(([code]) => ({ code, text }));
    });
    for (const { code, text } of await Promise.all(started)) {
      assert.equal(code, 0);
      // Of this folder, whoever came first: all but the first load at the latest.
      assert.match(text, /^(import|hit)\n(hit\n){3}$/);
    }
    assert.equal(readdirSync(folder).length, 1);
    assert.match(readdirSync(folder)[0]!, /\.import$/);
  });
});
