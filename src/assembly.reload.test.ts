import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { parseTextProto } from "./config/text-proto.ts";
import {
  ReloadConfigRequestSchema,
  ReloadConfigResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/model_management_pb.ts";
import { ModelServerConfigSchema } from "./proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { Code } from "./status/status.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-reload-"));
const file = join(folder, "models.config");
after(() => rmSync(folder, { recursive: true, force: true }));

// half_plus_two answers x / 2 + 2, half_plus_three x / 2 + 3.
for (const [version, model] of [
  ["1", "half_plus_two_tf1/123"],
  ["2", "half_plus_three_tf1/1"],
] as const) {
  cpSync(join(MODELS, model), join(folder, "half", version), { recursive: true });
}
mkdirSync(join(folder, "broken", "1"), { recursive: true });

class Running {
  readonly #server: ServerUnderTest;

  private constructor(server: ServerUnderTest) {
    this.#server = server;
  }

  static start(...args: string[]): Promise<Running> {
    return Running.startUnless(new AbortController().signal, ...args);
  }

  static async startUnless(signal: AbortSignal, ...args: string[]): Promise<Running> {
    return new Running(await ServerUnderTest.start([`--model_config_file=${file}`, ...args], signal));
  }

  /** What a model makes of 2; or the HTTP status. */
  async ask(model: string): Promise<number> {
    const response = await fetch(`${this.#server.models}/${model}:predict`, {
      method: "POST",
      body: '{"instances": [[2]]}',
    });
    const body = (await response.json()) as { predictions: number[][] };
    return response.ok ? body.predictions[0]![0]! : response.status;
  }

  /** @param text the new configuration. @returns the status in the reply. */
  async reload(text: string): Promise<number | undefined> {
    const config = parseTextProto(ModelServerConfigSchema, text, "request");
    const message = toBinary(ReloadConfigRequestSchema, create(ReloadConfigRequestSchema, { config }));
    const reply = await this.#server.call("ModelService/HandleReloadConfigRequest", message);
    return fromBinary(ReloadConfigResponseSchema, reply).status?.errorCode;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

const config = (name: string, rest = "", path = "half") =>
  `config { name: "${name}" base_path: "${join(folder, path)}" model_platform: "tensorflow" ${rest} }`;
const list = (...models: string[]) => `model_config_list { ${models.join("\n")} }`;
const versions = (...numbers: number[]) =>
  `model_version_policy { specific { ${numbers.map((number) => `versions: ${number}`).join(" ")} } }`;
const label = (name: string, version: number) => `version_labels { key: "${name}" value: ${version} }`;

async function until(what: string, condition: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `never came: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe("a server with a model config file", () => {
  it("serves several models, with their versions and labels, and takes other ones over gRPC", async () => {
    writeFileSync(
      file,
      list(
        config("old", versions(1)),
        config("both", `${versions(1, 2)} ${label("stable", 1)} ${label("canary", 2)}`),
      ),
    );
    const server = await Running.start("--allow_version_labels_for_unavailable_models");
    try {
      const asked = [
        "old",
        "both",
        "both/versions/1",
        "both/labels/stable",
        "both/labels/canary",
        "both/labels/none",
      ];
      // The start waits for one version of each model.
      await until("the other version", async () => (await server.ask("both/versions/2")) === 4);
      assert.deepEqual(await Promise.all(asked.map((model) => server.ask(model))), [3, 4, 3, 3, 4, 400]);

      assert.equal(
        await server.reload(list(config("both", `${versions(1, 2)} ${label("stable", 2)}`), config("new"))),
        0,
      );
      assert.deepEqual(
        await Promise.all(
          ["new", "both/labels/stable", "both/labels/canary"].map((model) => server.ask(model)),
        ),
        [4, 4, 400],
      );
      await until("the end of the old model", async () => (await server.ask("old")) === 404);

      await assert.rejects(server.reload(list(config("both", label("stable", 7)))), {
        code: Code.FAILED_PRECONDITION,
        details:
          "Request to assign label to version 7 of model both, which is not currently available for inference",
      });
      await assert.rejects(server.reload(list(config("both"), config("both"))), {
        code: Code.INVALID_ARGUMENT,
        details: "Illegal to list model both multiple times in config list",
      });
      await assert.rejects(server.reload(""), {
        code: Code.INVALID_ARGUMENT,
        details:
          "ServerModelConfig type not supported by HandleReloadConfigRequest. Only ModelConfigList is currently supported",
      });
      assert.deepEqual(
        await Promise.all(["new", "both/labels/stable"].map((model) => server.ask(model))),
        [4, 4],
      );
    } finally {
      await server.stop();
    }
  });

  it("serves what it can when a reload names a model that can't be served, and says which", async () => {
    writeFileSync(file, list(config("a")));
    const server = await Running.start();
    try {
      await assert.rejects(server.reload(list(config("a"), config("b"), config("bad", "", "broken"))), {
        code: Code.UNKNOWN,
        details:
          /^1 model\(s\) did not become available: \{\{\{name: bad version: 1\} due to error: NOT_FOUND: Could not/,
      });
      await assert.rejects(server.reload(list(config("a"), config("c"), config("gone", "", "nowhere"))), {
        code: Code.UNKNOWN,
        details: /^1 model\(s\) did not become available: \{\{gone due to error: .*Could not find base path/,
      });
      await until("the model beside the missing one", async () => (await server.ask("c")) === 4);
      assert.equal(await server.ask("a"), 4);
    } finally {
      await server.stop();
    }
  });

  it("follows the file", async () => {
    writeFileSync(file, list(config("a", versions(1))));
    const server = await Running.start("--model_config_file_poll_wait_seconds=1");
    try {
      assert.equal(await server.ask("a"), 3);
      writeFileSync(file, "no such config");
      writeFileSync(file, list(config("a", versions(2)), config("b", versions(1))));
      await until("the other version", async () => (await server.ask("a")) === 4);
      await until("the other model", async () => (await server.ask("b")) === 3);
    } finally {
      await server.stop();
    }
  });

  it("doesn't start with labels of versions that can't be there yet, or with a file that can't be read", async () => {
    writeFileSync(file, list(config("a", label("stable", 1))));
    await assert.rejects(Running.start(), { code: Code.FAILED_PRECONDITION });
    await assert.rejects(Running.start(`--model_config_file=${file}.not`), {
      code: Code.NOT_FOUND,
      message: `${file}.not; No such file or directory`,
    });
  });

  it("opens its ports with the first model that serves, if told so", async () => {
    writeFileSync(file, list(config("bad", "", "broken"), config("gone", "", "nowhere"), config("a")));
    const patience = new AbortController();
    setTimeout(() => patience.abort(new Error("still closed")), 1500);
    await assert.rejects(Running.startUnless(patience.signal), /still closed/);
    const server = await Running.start("--wait_for_models=any");
    try {
      assert.deepEqual(
        await Promise.all(["a", "bad", "gone"].map((model) => server.ask(model))),
        [4, 404, 404],
      );
    } finally {
      await server.stop();
    }
  });
});
