import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type TestContext, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));

/** A server of the models `a` and `b`, which make 3 of 2, and `broken`, each loaded when it is asked for. */
async function serve(t: TestContext, ...args: string[]) {
  const folder = mkdtempSync(join(tmpdir(), "servable-lazy-"));
  for (const name of ["a", "b"]) {
    cpSync(join(MODELS, "half_plus_two_tf1/123"), join(folder, name, "1"), { recursive: true });
  }
  mkdirSync(join(folder, "broken/1"), { recursive: true });
  writeFileSync(join(folder, "broken/1/saved_model.pb"), "no model");
  const configs = ["a", "b", "broken"].map(
    (name) => `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "tensorflow" }`,
  );
  writeFileSync(join(folder, "models.config"), `model_config_list { ${configs.join(" ")} }`);
  const server = await ServerUnderTest.start([
    `--model_config_file=${join(folder, "models.config")}`,
    "--file_system_poll_wait_seconds=1",
    "--lazy_load",
    ...args,
  ]);
  t.after(async () => {
    await server.stop(5000);
    rmSync(folder, { recursive: true });
  });
  const loads = (pattern: RegExp) => server.lines.filter((line) => pattern.test(line)).length;
  return {
    folder,
    loaded: (name: string) => loads(new RegExp(`^Loaded servable version \\{name: ${name} .* for a request`)),
    unloaded: (name: string) => loads(new RegExp(`^Unloaded servable version \\{name: ${name} `)),
    async rest(model: string): Promise<[number, string]> {
      const url = `${server.models}/${model}:predict`;
      const reply = await fetch(url, { method: "POST", body: '{"instances": [2]}' });
      return [reply.status, (await reply.text()).replaceAll(/\s/g, "")];
    },
    async states(model: string): Promise<string[]> {
      const reply = await fetch(`${server.models}/${model}`);
      const { model_version_status: list } = (await reply.json()) as {
        model_version_status: { version: string; state: string }[];
      };
      return list.map(({ version, state }) => `${version} ${state}`);
    },
    async grpc(name: string): Promise<number> {
      const request = create(PredictRequestSchema, {
        modelSpec: { name },
        inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 1n }] }, floatVal: [2] } },
      });
      const reply = await server.call("PredictionService/Predict", toBinary(PredictRequestSchema, request));
      return fromBinary(PredictResponseSchema, reply).outputs.y!.floatVal[0]!;
    },
  };
}

const THREE: [number, string] = [200, '{"predictions":[3.0]}'];

test("models are served at once, and loaded by the first requests, which all are answered", async (t) => {
  const server = await serve(t);
  assert.deepEqual(await server.states("a"), ["1 AVAILABLE"]);
  assert.equal(server.loaded("a"), 0);
  const answers = await Promise.all([
    ...Array.from({ length: 10 }, () => server.rest("a")),
    ...Array.from({ length: 10 }, async () => [
      200,
      `{"predictions":[${(await server.grpc("a")).toFixed(1)}]}`,
    ]),
  ]);
  for (const answer of answers) assert.deepEqual(answer, THREE);
  assert.deepEqual([server.loaded("a"), server.loaded("b")], [1, 0]);
});

test("a model that can't be loaded says why to each request", async (t) => {
  const server = await serve(t);
  for (let i = 0; i < 3; i++) {
    const [status, body] = await server.rest("broken");
    assert.ok(status >= 400 && /saved_model.pb/.test(body), body);
  }
  await assert.rejects(server.grpc("broken"), /saved_model.pb/);
  assert.deepEqual(await server.rest("a"), THREE);
});

test("what nobody asks for is unloaded, and comes back for the next request", async (t) => {
  const server = await serve(t, "--unload_idle_seconds=1");
  for (let round = 0; round < 2; round++) {
    const loaded = server.loaded("a");
    assert.deepEqual(await server.rest("a"), THREE);
    // On a slow machine it may have been idle for a second before its first answer, and been loaded again.
    assert.ok(server.loaded("a") > loaded);
    for (let i = 0; i < 300 && server.unloaded("a") < server.loaded("a"); i++) await wait(100);
    assert.equal(server.unloaded("a"), server.loaded("a"));
    assert.deepEqual(await server.states("a"), ["1 AVAILABLE"]);
  }
});

test("where only one fits into memory, the other goes; no request fails", async (t) => {
  const server = await serve(t, "--total_model_memory_limit_bytes=20000");
  for (let round = 1; round <= 3; round++) {
    assert.deepEqual(await Promise.all([server.rest("a"), server.rest("b")]), [THREE, THREE]);
  }
  assert.ok(server.unloaded("a") > 0 && server.unloaded("b") > 0);
});

test("a newer version of a model in use is loaded before it is served", async (t) => {
  const server = await serve(t);
  await server.rest("a");
  cpSync(join(MODELS, "half_plus_three_tf1/1"), join(server.folder, "staged"), { recursive: true });
  renameSync(join(server.folder, "staged"), join(server.folder, "a", "2"));
  for (let i = 0; i < 100 && (await server.states("a"))[0] !== "2 AVAILABLE"; i++) await wait(100);
  assert.equal(server.loaded("a"), 2);
  assert.deepEqual(await server.rest("a"), [200, '{"predictions":[4.0]}']);
});
