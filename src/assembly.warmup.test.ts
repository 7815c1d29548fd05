import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { foundLibrary, skipWithoutLibrary } from "./engines/tensorflow/found-library.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

const monitoring = join(root, "monitoring.config");
writeFileSync(monitoring, 'prometheus_config { enable: true path: "/metrics" }');

/** The counter model, of which a request sees what those before it have done. */
function modelWith(write: (warmupFile: string) => void): string {
  const base = mkdtempSync(join(root, "state-"));
  cpSync(join(FIXTURES, "models/tf1_state/1"), join(base, "1"), { recursive: true });
  mkdirSync(join(base, "1/assets.extra"));
  write(join(base, "1/assets.extra/tf_serving_warmup_requests"));
  return base;
}

/** What the last server's log says. */
let lines: readonly string[] = [];

async function start(base: string, ...more: string[]): Promise<ServerUnderTest> {
  const server = await ServerUnderTest.start([
    `--model_base_path=${base}`,
    "--model_name=state",
    "--request_workers=1",
    `--monitoring_config_file=${monitoring}`,
    ...more,
  ]);
  lines = server.lines;
  return server;
}

/** What the counter says, and how many warmups the metrics count. */
async function ask(base: string, ...more: string[]): Promise<[number, number]> {
  const server = await start(base, ...more);
  const url = `${server.models}/state:predict`;
  const body = '{"signature_name": "add", "inputs": {"delta": 0}}';
  const response = await fetch(url, { method: "POST", body });
  const reply = (await response.json()) as { outputs: { before: number } };
  const metrics = await (await fetch(`http://127.0.0.1:${server.restPort}/metrics`)).text();
  await server.stop();
  const [, warmups] =
    /:tensorflow:serving:model_warmup_latency_count\{model_path="[^"]*\/1",status="OK"\} (\d+)/.exec(
      metrics,
    ) ?? [];
  return [reply.outputs.before, Number(warmups ?? 0)];
}

describe("a version with warmup requests", () => {
  const warmed = modelWith((file) => cpSync(join(FIXTURES, "warmup/tf1_state.tfrecord"), file));

  it("has been asked them when it begins to serve", async () => {
    assert.deepEqual(await ask(warmed), [20, 1]);
    assert.deepEqual(await ask(warmed, "--num_request_iterations_for_warmup=3"), [40, 1]);
    assert.deepEqual(await ask(warmed, "--noenable_model_warmup"), [10, 0]);
  });

  it("is compared with TensorFlow in them, and asked no more than without", {
    skip: skipWithoutLibrary,
  }, async () => {
    const flags = ["--verify_engine=warmup", `--tensorflow_library=${foundLibrary}`];
    assert.deepEqual(await ask(warmed, ...flags), [20, 1]);
    const said = lines.filter((line) =>
      /Compared with TensorFlow: it answers the same in \d+ runs/.test(line),
    );
    assert.equal(said.length, 1, lines.join("\n"));
  });

  it("serves if it is to be compared and there is no TensorFlow, which is said once", async () => {
    const { SERVABLE_CACHE_DIR, VIRTUAL_ENV, CONDA_PREFIX } = process.env;
    Object.assign(process.env, { SERVABLE_CACHE_DIR: root, VIRTUAL_ENV: "", CONDA_PREFIX: "" });
    try {
      assert.deepEqual(await ask(warmed, "--verify_engine=warmup"), [20, 1]);
    } finally {
      for (const [name, value] of Object.entries({ SERVABLE_CACHE_DIR, VIRTUAL_ENV, CONDA_PREFIX })) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
    const said = lines.filter((line) => line.includes("--verify_engine=warmup compares nothing before"));
    assert.equal(said.length, 1, lines.join("\n"));
    await ask(warmed, "--verify_engine=warmup", "--noenable_model_warmup");
    assert.ok(lines.some((line) => line.includes("compares nothing where no version is warmed up")));
  });

  it("doesn't serve if one can't be answered", async () => {
    // Of another model.
    const file = join(FIXTURES, "warmup/half_plus_two_tf1.tfrecord");
    const base = modelWith((target) => cpSync(file, target));
    await assert.rejects(
      start(base),
      /Warmup record 0 of .*tf_serving_warmup_requests failed: Serving signature key "serving_default" not found/,
    );
  });

  it("doesn't serve if the file is none", async () => {
    const base = modelWith((target) => writeFileSync(target, "requests"));
    await assert.rejects(start(base), /truncated record at 0 of .* Please verify your warmup data/);
  });
});
