import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { foundLibrary, skipWithoutLibrary } from "./engines/tensorflow/found-library.ts";
import {
  SessionRunRequestSchema,
  SessionRunResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/session_service_pb.ts";
import { Code } from "./status/status.ts";
import type { Tensor } from "./tensor/tensor.ts";
import { protoOfTensor, tensorFromProto } from "./tensor/tensor-proto.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-tensorflow-server-"));
after(() => rmSync(folder, { recursive: true, force: true }));

const NAMES = ["half_plus_two", "vocabulary", "tf1_state"];
const config = join(folder, "models.config");
writeFileSync(
  config,
  `model_config_list { ${NAMES.map(
    (name) => `config { name: "${name}" base_path: "${join(MODELS, name)}" model_platform: "tensorflow" }`,
  ).join(" ")} }`,
);

class Running {
  readonly lines: readonly string[];
  readonly #server: ServerUnderTest;

  private constructor(server: ServerUnderTest) {
    this.#server = server;
    this.lines = server.lines;
  }

  static async start(...args: string[]): Promise<Running> {
    const library = `--tensorflow_library=${foundLibrary ?? ""}`;
    return new Running(await ServerUnderTest.start([`--model_config_file=${config}`, library, ...args]));
  }

  async predict(model: string, body: unknown): Promise<unknown> {
    const url = `${this.#server.models}/${model}:predict`;
    // A connection for each, so that both workers get some.
    const headers = { connection: "close" };
    const response = await fetch(url, { method: "POST", body: JSON.stringify(body), headers });
    const { outputs, error } = (await response.json()) as { outputs?: unknown; error?: string };
    if (error !== undefined) throw new Error(error);
    return outputs;
  }

  async sessionRun(
    model: string,
    feeds: Readonly<Record<string, Tensor>>,
    fetch: string[],
    target: string[] = [],
  ): Promise<Record<string, Tensor>> {
    const request = create(SessionRunRequestSchema, {
      modelSpec: { name: model },
      feed: Object.entries(feeds).map(([name, tensor]) => ({ name, tensor: protoOfTensor(tensor) })),
      fetch,
      target,
    });
    const message = toBinary(SessionRunRequestSchema, request);
    const reply = await this.#server.call("SessionService/SessionRun", message);
    const { tensor: tensors } = fromBinary(SessionRunResponseSchema, reply);
    return Object.fromEntries(tensors.map(({ name, tensor }) => [name, tensorFromProto(tensor!)]));
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}

/** Whether TensorFlow's library is in this process's memory. */
function isLoaded(): boolean {
  return /libtensorflow/.test(readFileSync("/proc/self/maps", "utf8"));
}

describe("a server", { skip: skipWithoutLibrary }, () => {
  it("that needs no TensorFlow doesn't load it", { skip: process.platform !== "linux" }, async () => {
    const server = await Running.start("--engine=auto");
    assert.deepEqual(await server.predict("half_plus_two", { inputs: [1, 2] }), [2.5, 3]);
    await server.stop();
    assert.equal(isLoaded(), false);
  });

  it("serves numbers, strings and state on TensorFlow", async () => {
    const server = await Running.start("--engine=tensorflow");
    try {
      assert.equal(server.lines.filter((line) => line.includes("Engine: tensorflow")).length, NAMES.length);
      assert.deepEqual(await server.predict("half_plus_two", { inputs: [1, 2, 5] }), [2.5, 3, 4.5]);
      const { kind, id } = (await server.predict("vocabulary", { inputs: ["the", "nothing"] })) as {
        kind: string[];
        id: number[];
      };
      assert.deepEqual([kind[0], id], ["article", [0, 4]]);
      // Each of the two workers adds to one count; one after the other, as TF1's AssignAdd may lose one of two at a time.
      for (let count = 11; count <= 30; count++) {
        const outputs = await server.predict("tf1_state", { signature_name: "add", inputs: { delta: 1 } });
        assert.equal((outputs as { added: number }).added, count);
      }
      const { count } = await server.sessionRun("tf1_state", {}, ["count"]);
      assert.deepEqual(count!.data, Float32Array.of(30));
      await assert.rejects(
        server.predict("tf1_state", { signature_name: "scatter", inputs: { rows: [9], values: [[1, 2]] } }),
        /indices\[0\] = \[?9\]? .*/,
      );
    } finally {
      await server.stop();
    }
  });

  it("runs any part of a graph for SessionRun, and refuses to touch files", async () => {
    const server = await Running.start("--engine=tensorflow");
    const delta: Tensor = { dtype: "float32", shape: [], data: Float32Array.of(4) };
    try {
      assert.deepEqual(await server.sessionRun("tf1_state", {}, ["count", "tickets:0"]), {
        count: { dtype: "float32", shape: [], data: Float32Array.of(10) },
        "tickets:0": { dtype: "int32", shape: [], data: Int32Array.of(3) },
      });
      assert.deepEqual(await server.sessionRun("tf1_state", { "delta:0": delta }, [], ["AssignAdd"]), {});
      const { count } = await server.sessionRun("tf1_state", {}, ["count"]);
      assert.deepEqual(count!.data, Float32Array.of(14));
      await assert.rejects(server.sessionRun("tf1_state", {}, ["nothing:0"]), {
        code: Code.INVALID_ARGUMENT,
        message:
          /Tensor nothing:0, specified in either feed_devices or fetch_devices was not found in the Graph/,
      });
      const path: Tensor = {
        dtype: "string",
        shape: [],
        data: [new TextEncoder().encode(join(folder, "stolen"))],
      };
      await assert.rejects(
        server.sessionRun("tf1_state", { "save/Const:0": path }, ["save/control_dependency:0"]),
        {
          code: Code.PERMISSION_DENIED,
          message: /reads or writes files/,
        },
      );
    } finally {
      await server.stop();
    }
  });

  it("takes each model's own engine from a file beside the models' config", async () => {
    const own = join(folder, "servable.config");
    writeFileSync(own, 'models { name: "half_plus_two" engine: TENSORFLOW }');
    const server = await Running.start(
      "--engine=onnxruntime",
      `--servable_config_file=${own}`,
      "--enable_batching",
    );
    try {
      const engines = server.lines.filter((line) => line.includes("Engine: "));
      assert.deepEqual(engines.map((line) => /Engine: (\w+)/.exec(line)![1]).sort(), [
        "onnxruntime",
        "onnxruntime",
        "tensorflow",
      ]);
      const answers = [1, 2, 3].map((x) => server.predict("half_plus_two", { inputs: [x] }));
      assert.deepEqual(await Promise.all(answers), [[2.5], [3], [3.5]]);
    } finally {
      await server.stop();
    }
  });
});
