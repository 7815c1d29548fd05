import assert from "node:assert/strict";
import { cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { setTimeout } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import type { CallOptions, ServiceError } from "@grpc/grpc-js";
import { ServerUnderTest } from "./assembly.under-test.ts";
import { DataType } from "./proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "./proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { Code } from "./status/status.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-batching-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function parametersFile(text: string): string {
  const file = join(mkdtempSync(join(folder, "parameters-")), "batching.config");
  writeFileSync(file, text);
  return file;
}

/** A server of half_plus_two, which answers x / 2 + 2, with clients of @grpc/grpc-js and node:http. */
class Running {
  readonly #server: ServerUnderTest;

  private constructor(server: ServerUnderTest) {
    this.#server = server;
  }

  static async start(...args: string[]): Promise<Running> {
    const model = [`--model_base_path=${join(MODELS, "half_plus_two_tf1")}`, "--model_name=half"];
    return new Running(await ServerUnderTest.start([...model, "--request_workers=1", ...args]));
  }

  static batching(parameters: string, ...args: string[]): Promise<Running> {
    return Running.start(
      "--enable_batching",
      `--batching_parameters_file=${parametersFile(parameters)}`,
      ...args,
    );
  }

  async predict(x: readonly number[], options: CallOptions = {}, onCall?: (cancel: () => void) => void) {
    const tensorShape = { dim: [{ size: BigInt(x.length) }, { size: 1n }] };
    const message = create(PredictRequestSchema, {
      modelSpec: { name: "half" },
      inputs: { x: { dtype: DataType.DT_FLOAT, tensorShape, floatVal: [...x] } },
    });
    const bytes = await this.#server.call(
      "PredictionService/Predict",
      toBinary(PredictRequestSchema, message),
      options,
      onCall && ((call) => onCall(() => call.cancel())),
    );
    return fromBinary(PredictResponseSchema, bytes).outputs.y!.floatVal;
  }

  /** @returns the status and the body. Rejects if the connection ends before the answer. */
  post(verb: string, body: unknown, onRequest?: (destroy: () => void) => void): Promise<[number, unknown]> {
    return new Promise((resolve, reject) => {
      const path = `/v1/models/half:${verb}`;
      const call = request(
        { port: this.#server.restPort, path, method: "POST", agent: false },
        async (response) => {
          let text = "";
          for await (const piece of response) text += piece;
          resolve([response.statusCode!, JSON.parse(text)]);
        },
      );
      call.on("error", reject);
      call.end(JSON.stringify(body));
      onRequest?.(() => call.destroy());
    });
  }

  async get(path: string): Promise<string> {
    return (await fetch(`http://127.0.0.1:${this.#server.restPort}${path}`)).text();
  }

  stop(): Promise<void> {
    return this.#server.stop(5000);
  }
}

/** Long enough that a test fails if something waits for it. */
const TEN_SECONDS = "batch_timeout_micros { value: 10000000 }";

async function within<T>(milliseconds: number, act: () => Promise<T>): Promise<T> {
  const start = performance.now();
  const result = await act();
  assert.ok(performance.now() - start < milliseconds, `took ${performance.now() - start} ms`);
  return result;
}

/** Tries until there is a result. */
async function eventually<T>(attempt: () => Promise<T | undefined>): Promise<T> {
  const end = performance.now() + 8000;
  for (;;) {
    const result = await attempt();
    if (result !== undefined) return result;
    assert.ok(performance.now() < end, "never came");
    await setTimeout(20);
  }
}

describe("a server that batches", () => {
  it("answers a full batch at once, over gRPC and REST together, and one that isn't full in time", async () => {
    const server = await Running.batching(
      "max_batch_size { value: 4 } batch_timeout_micros { value: 2000000 }",
    );
    const answers = await within(1500, () =>
      Promise.all([
        server.predict([1]),
        server.predict([2, 3]),
        server.post("predict", { instances: [{ x: [4] }] }),
      ]),
    );
    assert.deepEqual(answers, [[2.5], [3, 3.5], [200, { predictions: [[4]] }]]);
    const start = performance.now();
    assert.deepEqual(await server.predict([8]), [6]);
    assert.ok(performance.now() - start > 1950);
    await server.stop();
  });

  it("batches Classify and Regress", async () => {
    const server = await Running.batching(`max_batch_size { value: 5 } ${TEN_SECONDS}`);
    const regress = (...x: number[]) =>
      server.post("regress", { signature_name: "regress_x_to_y", examples: x.map((each) => ({ x: each })) });
    assert.deepEqual(
      await within(6000, () => Promise.all([regress(1.5), regress(2.5, 3.5), regress(4.5, 5.5)])),
      [
        [200, { results: [2.75] }],
        [200, { results: [3.25, 3.75] }],
        [200, { results: [4.25, 4.75] }],
      ],
    );
    const classify = (x: number) =>
      server.post("classify", { signature_name: "classify_x_to_y", examples: [{ x }] });
    const classified = await within(6000, () => Promise.all([1.5, 2.5, 3.5, 4.5, 5.5].map(classify)));
    assert.deepEqual(
      classified.map(([status, body]) => [
        status,
        (body as { results: [[string, number]][] }).results[0]![0]![1],
      ]),
      [
        [200, 2.75],
        [200, 3.25],
        [200, 3.75],
        [200, 4.25],
        [200, 4.75],
      ],
    );
    await server.stop();
  });

  it("refuses what doesn't fit, and takes it once others have left: by deadline, cancellation, disconnection", async () => {
    const server = await Running.batching(
      `max_batch_size { value: 2 } max_enqueued_batches { value: 1 } ${TEN_SECONDS}`,
    );
    const full =
      "The batch scheduling queue to which this task was submitted is full; currently 1 batches enqueued and " +
      "max_enqueued_batches is 1";
    // Without others in the queue two rows are a full batch; with one, they have to wait.
    const refusal = () =>
      server.predict([2, 3]).then(
        () => undefined,
        (error: ServiceError) => error,
      );
    const refused = async () => {
      const error = await eventually(refusal);
      assert.deepEqual([error.code, error.details], [Code.UNAVAILABLE, full]);
      assert.deepEqual(await server.post("predict", { instances: [[2], [3]] }), [503, { error: full }]);
    };
    const taken = () => eventually(async () => (await refusal()) === undefined || undefined);

    const late = assert.rejects(server.predict([1], { deadline: Date.now() + 3000 }), {
      code: Code.DEADLINE_EXCEEDED,
    });
    await refused();
    await late;
    await taken();

    const cancel = Promise.withResolvers<() => void>();
    const cancelled = assert.rejects(server.predict([1], {}, cancel.resolve), (error: ServiceError) => {
      assert.equal(error.code, Code.CANCELLED);
      return true;
    });
    await refused();
    (await cancel.promise)();
    await cancelled;
    await taken();

    const destroy = Promise.withResolvers<() => void>();
    const destroyed = assert.rejects(server.post("predict", { instances: [[1]] }, destroy.resolve));
    await refused();
    (await destroy.promise)();
    await destroyed;
    await taken();
    await server.stop();
  });

  it("answers 504 when the time of a REST request is over, and lets it leave", async () => {
    const server = await Running.batching(
      `max_batch_size { value: 2 } max_enqueued_batches { value: 1 } ${TEN_SECONDS}`,
      "--rest_api_timeout_in_ms=200",
    );
    const [status] = await server.post("predict", { instances: [[1]] });
    assert.equal(status, 504);
    assert.deepEqual(await within(6000, () => server.predict([2, 3])), [3, 3.5]);
    await server.stop();
  });

  it("answers what waits when it is told to stop", async () => {
    const server = await Running.batching(TEN_SECONDS);
    const waiting = server.predict([1]);
    await setTimeout(500);
    await within(6000, () => server.stop());
    assert.deepEqual(await waiting, [2.5]);
  });

  it("answers everyone under load, in several workers", async () => {
    const server = await Running.batching(
      "max_batch_size { value: 16 } allowed_batch_sizes: [2, 8, 16] max_enqueued_batches { value: 1000 }",
      "--request_workers=2",
    );
    const asks = Array.from({ length: 400 }, async (_, i) => {
      const x = Array.from({ length: 1 + (i % 5) }, (_, row) => i + row);
      if (i % 3 > 0)
        return assert.deepEqual(
          await server.predict(x),
          x.map((each) => each / 2 + 2),
        );
      const [status, body] = await server.post("predict", { instances: x.map((each) => [each]) });
      assert.deepEqual([status, body], [200, { predictions: x.map((each) => [each / 2 + 2]) }]);
    });
    await Promise.all(asks);
    await server.stop();
  });
});

describe("a server that batches without parameters", () => {
  it("runs what waits together where that pays, and answers as without", async () => {
    const server = await Running.start(
      `--model_base_path=${join(MODELS, "keras3_mlp")}`,
      "--auto_batching",
      "--metrics_path=/metrics",
    );
    const row = (seed: number) =>
      Array.from({ length: 8 }, (_, i) => Array.from({ length: 8 }, (_, j) => Math.sin(seed + 8 * i + j)));
    const ask = async (instances: number[][][]) => {
      const [status, body] = await server.post("predict", { instances });
      assert.equal(status, 200, JSON.stringify(body));
      return (body as { predictions: number[][] }).predictions;
    };
    const alone: number[][] = [];
    for (let seed = 0; seed < 60; seed++) alone.push(...(await ask([row(seed)])));
    // One of several rows, and one of more than a batch takes, among them.
    const asked = [[...Array(60).keys()], ...Array.from({ length: 60 }, (_, seed) => [seed]), [3, 4, 5]];
    const together = await Promise.all(asked.map((seeds) => ask(seeds.map(row))));
    for (const [i, predictions] of together.entries()) {
      predictions.flat().forEach((value, at) => {
        const expected = asked[i]!.flatMap((seed) => alone[seed]!)[at]!;
        assert.ok(Math.abs(value - expected) < 1e-5, `${value} instead of ${expected}`);
      });
    }
    const page = await server.get("/metrics");
    const counted = (metric: string) =>
      [...page.matchAll(new RegExp(`^${metric}\\{.*\\} (\\d+)$`, "gm"))].reduce(
        (sum, [, value]) => sum + Number(value),
        0,
      );
    // All but the request of 60 rows went through a queue; how many of them met there is up to the clock.
    assert.equal(counted("servable_batch_size_sum"), 60 + 60 + 3);
    assert.ok(counted("servable_batch_size_count") <= 60 + 60 + 1);
    await server.stop();
  });
});

describe("a model's own parameters", () => {
  it("are taken from its folder; a version without them isn't batched", async () => {
    const base = join(folder, "own");
    cpSync(join(MODELS, "half_plus_two_tf1/123"), join(base, "1"), { recursive: true });
    const flags = [
      `--model_base_path=${base}`,
      "--enable_batching",
      "--enable_per_model_batching_parameters",
    ];
    const global = `--batching_parameters_file=${parametersFile(`max_batch_size { value: 1 } ${TEN_SECONDS}`)}`;
    const without = await Running.start(...flags, global);
    assert.deepEqual(await within(6000, () => without.predict([1, 2])), [2.5, 3]);
    await without.stop();

    writeFileSync(join(base, "1/batching_params.pbtxt"), `max_batch_size { value: 3 } ${TEN_SECONDS}`);
    const own = await Running.start(...flags, global);
    const together = await within(6000, () => Promise.all([own.predict([1, 2]), own.predict([3])]));
    assert.deepEqual(together, [[2.5, 3], [3.5]]);
    await assert.rejects(own.predict([1, 2, 3, 4]), {
      code: Code.INVALID_ARGUMENT,
      details: "Task size 4 is larger than maximum input batch size 3",
    });
    await own.stop();

    writeFileSync(
      join(base, "1/batching_params.pbtxt"),
      "max_batch_size { value: 3 } allowed_batch_sizes: 2",
    );
    await assert.rejects(
      Running.start(...flags),
      /Last entry in allowed_batch_sizes must match max_batch_size/,
    );
  });
});

describe("parameters that can't be", () => {
  for (const [args, message] of [
    [
      ["--batching_parameters_file=/some/file"],
      "server_options.batching_parameters_file is set without setting server_options.enable_batching to true.",
    ],
    [
      ["--enable_batching", "--batching_parameters_file=/none/at/all"],
      "/none/at/all; No such file or directory",
    ],
    [
      ["--enable_batching", `--batching_parameters_file=${parametersFile("max_batch_size: 4")}`],
      /^Invalid protobuf file: '.*batching.config'/,
    ],
    [
      ["--enable_batching", `--batching_parameters_file=${parametersFile("num_batch_threads { value: 0 }")}`],
      "num_batch_threads must be positive; was 0",
    ],
    [
      ["--enable_batching", `--batching_parameters_file=${parametersFile("allowed_batch_sizes: 4")}`],
      "Last entry in allowed_batch_sizes must match max_batch_size; last entry was 4; expected 1000",
    ],
  ] as const) {
    it(`end the start: ${message}`, async () => {
      await assert.rejects(Running.start(...args), { message });
    });
  }
});
