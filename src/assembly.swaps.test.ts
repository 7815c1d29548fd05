import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { parseTextProto } from "./config/text-proto.ts";
import { ReloadConfigRequestSchema } from "./proto/gen/tensorflow_serving/apis/model_management_pb.ts";
import { PredictRequestSchema } from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { ModelServerConfigSchema } from "./proto/gen/tensorflow_serving/config/model_server_config_pb.ts";

const SWAPS = 1000;
const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-swaps-"));
after(() => rmSync(folder, { recursive: true, force: true }));

// Of 2, version 1 makes 3 and version 2 makes 4.
cpSync(join(MODELS, "half_plus_two_tf1/123"), join(folder, "1"), { recursive: true });
cpSync(join(MODELS, "half_plus_three_tf1/1"), join(folder, "2"), { recursive: true });

/** @param label the version that `live` stands for; none if it is 0. */
function configOf(versions: readonly number[], label = 0): string {
  const wanted = versions.map((version) => `versions: ${version}`).join(" ");
  return `model_config_list { config {
    name: "m" base_path: "${folder}" model_platform: "tensorflow"
    model_version_policy { specific { ${wanted} } }
    ${label > 0 ? `version_labels { key: "live" value: ${label} }` : ""}
  } }`;
}

const PREDICT = toBinary(
  PredictRequestSchema,
  create(PredictRequestSchema, {
    modelSpec: { name: "m" },
    inputs: { x: { dtype: 1, tensorShape: { dim: [{ size: 1n }, { size: 1n }] }, floatVal: [2] } },
  }),
);

class Client {
  readonly #server: ServerUnderTest;
  readonly #rest: string;

  constructor(server: ServerUnderTest) {
    this.#server = server;
    this.#rest = `${server.models}/m`;
  }

  async reload(config: string): Promise<void> {
    const request = create(ReloadConfigRequestSchema, {
      config: parseTextProto(ModelServerConfigSchema, config, "request"),
    });
    await this.#server.call(
      "ModelService/HandleReloadConfigRequest",
      toBinary(ReloadConfigRequestSchema, request),
    );
  }

  async ask(which = ""): Promise<number> {
    const response = await fetch(`${this.#rest}${which}:predict`, {
      method: "POST",
      body: '{"instances": [[2]]}',
    });
    const text = await response.text();
    if (!response.ok) throw new Error(text);
    return (JSON.parse(text) as { predictions: number[][] }).predictions[0]![0]!;
  }

  async states(): Promise<ReadonlyMap<string, string>> {
    const body = (await (await fetch(this.#rest)).json()) as {
      model_version_status: { version: string; state: string }[];
    };
    return new Map(body.model_version_status.map(({ version, state }) => [version, state]));
  }

  async until(version: number, state: "AVAILABLE" | "END"): Promise<void> {
    const end = performance.now() + 20_000;
    while ((await this.states()).get(String(version)) !== state) {
      assert.ok(performance.now() < end, `version ${version} never came to ${state}`);
    }
  }
}

it(`answers every request while it swaps ${SWAPS} times, rolls back, moves labels, and drains`, async () => {
  const file = join(folder, "models.config");
  writeFileSync(file, configOf([1]));
  const server = await ServerUnderTest.start([
    `--model_config_file=${file}`,
    "--file_system_poll_wait_seconds=1",
  ]);
  const client = new Client(server);
  const failures: unknown[] = [];
  const answers = new Map<number, number>();
  let asking = true;
  const keepAsking = async (ask: () => Promise<number>) => {
    while (asking && failures.length === 0) {
      try {
        const answer = await ask();
        answers.set(answer, (answers.get(answer) ?? 0) + 1);
      } catch (error) {
        failures.push(error);
      }
    }
  };
  // The float is the last field but one of the reply: enough to tell the versions apart.
  const predict = async () =>
    (await server.call("PredictionService/Predict", PREDICT)).includes("\x00\x00\x80\x40", 0, "latin1")
      ? 4
      : 3;
  const load = [
    keepAsking(() => client.ask()),
    keepAsking(() => client.ask()),
    keepAsking(predict),
    keepAsking(predict),
  ];

  for (let swap = 0; swap < SWAPS; swap++) {
    const next = swap % 2 === 0 ? 2 : 1;
    if (swap % 10 === 0) {
      // Both, with a label that moves from the one to the other.
      await client.reload(configOf([1, 2]));
      await client.until(next, "AVAILABLE");
      for (const version of [1, 2]) {
        await client.reload(configOf([1, 2], version));
        assert.equal(await client.ask("/labels/live"), version + 2);
      }
    }
    await client.reload(configOf([next]));
    await client.until(next, "AVAILABLE");
    await client.until(3 - next, "END");
  }
  // New requests end; those in flight are answered.
  asking = false;
  await Promise.all(load);
  const inFlight = Array.from({ length: 50 }, () => predict());
  const stopped = server.stop(5000);
  assert.deepEqual(new Set(await Promise.all(inFlight)), new Set([3]));
  await stopped;
  assert.deepEqual(failures, []);
  assert.deepEqual([...answers.keys()].sort(), [3, 4]);
  assert.ok(
    [...answers.values()].every((count) => count > SWAPS / 10),
    JSON.stringify([...answers]),
  );
});
