import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { TensorProtoSchema } from "./proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { DataType } from "./proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/get_model_status_pb.ts";
import { ModelSpecSchema } from "./proto/gen/tensorflow_serving/apis/model_pb.ts";
import { PredictRequestSchema } from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";

const FIXTURES = fileURLToPath(new URL("../fixtures", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

function start(...more: string[]): Promise<ServerUnderTest> {
  return ServerUnderTest.start(["--request_workers=1", ...more]);
}

async function rest(
  server: ServerUnderTest,
  path: string,
  body?: object,
): Promise<[status: number, reply: unknown]> {
  const url = `${server.models}/${path}`;
  const init = body === undefined ? {} : { method: "POST", body: JSON.stringify(body) };
  const response = await fetch(url, init);
  return [response.status, await response.json()];
}

describe("a model that touches files", () => {
  const base = join(FIXTURES, "file-ops/files");

  it("isn't served", async () => {
    await assert.rejects(start(`--model_base_path=${base}`, "--model_name=files"), {
      message:
        /The model can't be served: it has 10 operations that read or write files: .* --allow_file_ops lets it/,
    });
  });

  it("leaves its neighbours alone", async () => {
    const config = join(root, "neighbours.config");
    writeFileSync(
      config,
      `model_config_list {
        config { name: "files" base_path: "${base}" model_platform: "tensorflow" }
        config { name: "half" base_path: "${FIXTURES}/models/half_plus_two" model_platform: "tensorflow" }
      }`,
    );
    const server = await start(`--model_config_file=${config}`, "--wait_for_models=any");
    assert.deepEqual(await rest(server, "half:predict", { instances: [2] }), [200, { predictions: [3] }]);
    const stateNow = async () => {
      const [, reply] = await rest(server, "files");
      return (reply as { model_version_status: { state: string; status: object }[] })
        .model_version_status[0]!;
    };
    let version = await stateNow();
    for (; version.state !== "END"; version = await stateNow()) await sleep(20);
    assert.match(
      JSON.stringify(version.status),
      /"FAILED_PRECONDITION".*can't be served: it has 10 operations/,
    );
    // Its signature that touches nothing neither.
    const body = { signature_name: "double", inputs: [1] };
    assert.equal((await rest(server, "files:predict", body))[0], 404);
    await server.stop();
  });

  it("is served with --allow_file_ops, and answers as TensorFlow does", async () => {
    const server = await start(`--model_base_path=${base}`, "--model_name=files", "--allow_file_ops");
    const ask = async (signature: string, inputs: object) => {
      const [code, reply] = await rest(server, "files:predict", { signature_name: signature, inputs });
      return [
        code,
        (reply as { outputs?: unknown; error?: string }).outputs ?? (reply as { error: string }).error,
      ];
    };
    const path = join(root, "made/by/a/request");
    assert.deepEqual(await ask("double", { x: [1, 2] }), [200, [2, 4]]);
    const [code, message] = await ask("read", { path });
    assert.equal(code, 404);
    assert.equal(String(message).split("\n")[0], `${path}; No such file or directory`);
    for (const contents of ["one", "two", ""]) {
      assert.deepEqual(await ask("write", { path, contents }), [200, contents]);
      assert.equal(readFileSync(path, "utf8"), contents);
      assert.deepEqual(await ask("read", { path }), [200, contents]);
    }
    assert.deepEqual(await ask("read_if_named", { path: "" }), [200, "none"]);
    assert.deepEqual(await ask("find", { patterns: [`${root}/made/*/?`] }), [200, [`${root}/made/by/a`]]);
    const prefix = join(root, "checkpoint");
    assert.deepEqual(await ask("save", { prefix, rows: [[1, 2]] }), [200, prefix]);
    assert.deepEqual(await ask("restore", { prefix }), [
      200,
      {
        rows: [[1, 2]],
        weights: [
          [4, 5],
          [10, 20],
        ],
        names: ["one", "", "three"],
      },
    ]);
    assert.ok(!readdirSync(root).includes("checkpoint_temp"));
    await server.stop();
  });
});

describe("a model's name", () => {
  /** A folder in which names could lead somewhere: a model that isn't configured, and one that is. */
  const folder = join(root, "names");
  const half = join(folder, "served/half");
  mkdirSync(folder);
  cpSync(join(FIXTURES, "models/half_plus_two"), half, { recursive: true });
  cpSync(join(FIXTURES, "models/half_plus_two"), join(folder, "secret"), { recursive: true });
  const logs = join(folder, "logs");
  const names = [
    "../../etc/passwd",
    "/etc/passwd",
    "a/b",
    "..",
    ".",
    "secret/../served",
    "x\u0000y",
    "%2e%2e",
  ];

  const filesNow = () => readdirSync(folder, { recursive: true }).map(String).sort();

  function predictRequest(name: string, label?: string): Uint8Array {
    const x = create(TensorProtoSchema, {
      dtype: DataType.DT_FLOAT,
      tensorShape: { dim: [{ size: 1n }] },
      floatVal: [2],
    });
    const modelSpec = create(ModelSpecSchema, { name, signatureName: "serving_default" });
    if (label !== undefined) modelSpec.versionChoice = { case: "versionLabel", value: label };
    return toBinary(PredictRequestSchema, create(PredictRequestSchema, { modelSpec, inputs: { x } }));
  }

  async function serving(
    work: (server: ServerUnderTest) => Promise<void>,
    configured: readonly string[],
  ): Promise<void> {
    const config = join(root, "names.config");
    const escaped = (name: string) => name.replaceAll("\0", "\\000");
    const models = configured.map(
      (name, i) => `config {
        name: "${escaped(name)}" base_path: "${half}" model_platform: "tensorflow"
        logging_config { log_collector_config { filename_prefix: "${logs}/${i}" } sampling_config { sampling_rate: 1 } }
      }`,
    );
    writeFileSync(config, `model_config_list { ${models.join("\n")} }`);
    const before = process.cwd();
    process.chdir(folder);
    try {
      const server = await start(
        `--model_config_file=${config}`,
        "--metrics_path=/metrics",
        "--enable_batching",
        "--enable_per_model_batching_parameters",
      );
      await work(server);
      await server.stop();
    } finally {
      process.chdir(before);
    }
  }

  it("that the config file gives is a name, and no path", async () => {
    const files = filesNow();
    await serving(async (server) => {
      for (const name of names) {
        const reply = await server.call("PredictionService/Predict", predictRequest(name));
        assert.ok(reply.length > 0);
        const asked = toBinary(
          GetModelStatusRequestSchema,
          create(GetModelStatusRequestSchema, { modelSpec: { name } }),
        );
        const found = fromBinary(
          GetModelStatusResponseSchema,
          await server.call("ModelService/GetModelStatus", asked),
        );
        assert.equal(found.modelVersionStatus.length, 1);
      }
      const page = await (await fetch(`http://127.0.0.1:${server.restPort}/metrics`)).text();
      assert.ok(page.includes('model="../../etc/passwd"'));
    }, names);
    // A log for each, where its own prefix says.
    const logged = filesNow().filter((name) => !files.includes(name));
    assert.equal(logged.length, 1 + names.length);
    assert.deepEqual(
      new Set(logged.map((name) => name.replace(/-.*/, ""))),
      new Set(["logs", ...names.map((_, i) => `logs/${i}`)]),
    );
  });

  it("or label that a request gives is looked up among those that are served, and nowhere else", async () => {
    const files = filesNow();
    await serving(
      async (server) => {
        const given = [
          ...names,
          "secret",
          "./secret",
          `${folder}/secret`,
          "served/half",
          half,
          "half/123",
          "half/",
          "HALF",
        ];
        for (const name of given) {
          await assert.rejects(server.call("PredictionService/Predict", predictRequest(name)), {
            code: status.NOT_FOUND,
            details: `Servable not found for request: Latest(${name})`,
          });
          if (name.includes("\0")) continue;
          const [code, reply] = await rest(
            server,
            `${encodeURIComponent(name).replaceAll(".", "%2e")}:predict`,
            { instances: [2] },
          );
          assert.equal(code, 404);
          assert.match(JSON.stringify(reply), /Servable not found for request: Latest\(/);
        }
        for (const label of ["../secret", "123", "/etc/passwd", ".."]) {
          await assert.rejects(server.call("PredictionService/Predict", predictRequest("half", label)), {
            code: status.INVALID_ARGUMENT,
            details: `Unrecognized servable version label: ${label}`,
          });
        }
        const raw = await rest(server, "..%2f..%2fetc%2fpasswd:predict", { instances: [2] });
        assert.equal(raw[0], 404);
        assert.deepEqual(await rest(server, "half:predict", { instances: [2] }), [200, { predictions: [3] }]);
      },
      ["half"],
    );
    const more = filesNow().filter((name) => !files.includes(name));
    assert.ok(
      more.every((name) => name.startsWith("logs")),
      more.join(),
    );
  });
});
