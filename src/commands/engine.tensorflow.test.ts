/** As a user would: `servable engine install tensorflow`, then `--engine=tensorflow`, asked by gRPC's client and by HTTP. */
import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { before, describe, it, type TestContext } from "node:test";
import { fileURLToPath } from "node:url";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { Client, credentials, type ServiceError, status } from "@grpc/grpc-js";
import { ExampleSchema } from "../proto/gen/tensorflow/core/example/example_pb.ts";
import { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import {
  ClassificationRequestSchema,
  ClassificationResponseSchema,
} from "../proto/gen/tensorflow_serving/apis/classification_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import {
  RegressionRequestSchema,
  RegressionResponseSchema,
} from "../proto/gen/tensorflow_serving/apis/regression_pb.ts";
import { runCommand, runProgram } from "./program-cases.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));

/** What an installation says that can't succeed here: there is no network, or no library for this machine. */
const NOT_HERE = /^((?:UNAVAILABLE|UNIMPLEMENTED): .*)$/m;

/** One line of the cases.json beside a model, which TensorFlow wrote. */
interface Case {
  readonly signature: string;
  readonly inputs: Record<string, { readonly values: readonly { readonly b64: string }[] }>;
  readonly outputs: Record<string, { readonly values: readonly (number | { readonly b64: string })[] }>;
}

function casesOf(model: string): readonly Case[] {
  return JSON.parse(readFileSync(join(MODELS, model, "cases.json"), "utf8"));
}

const text = (value: number | { readonly b64: string }): string =>
  Buffer.from((value as { b64: string }).b64, "base64").toString();

function assertClose(actual: readonly number[], expected: readonly number[]): void {
  assert.equal(actual.length, expected.length);
  for (const [i, value] of actual.entries()) {
    assert.ok(Math.abs(value - expected[i]!) < 1e-5, `${actual} instead of ${expected}`);
  }
}

class GrpcClient {
  readonly #client: Client;

  constructor(port: number) {
    this.#client = new Client(`127.0.0.1:${port}`, credentials.createInsecure());
  }

  async ask<Request extends DescMessage, Response extends DescMessage>(
    method: string,
    requestSchema: Request,
    responseSchema: Response,
    message: MessageInitShape<Request>,
  ): Promise<MessageShape<Response>> {
    const bytes = await new Promise<Buffer>((resolve, reject) => {
      this.#client.makeUnaryRequest(
        `/tensorflow.serving.PredictionService/${method}`,
        (made: Uint8Array) => Buffer.from(made),
        (received: Buffer) => received,
        toBinary(requestSchema, create(requestSchema, message)),
        (error, answer) => (error === null ? resolve(answer!) : reject(error)),
      );
    });
    return fromBinary(responseSchema, bytes);
  }

  close(): void {
    this.#client.close();
  }
}

/** Over a connection of its own, which may come to any worker. */
function post(port: number, model: string, verb: string, body: string): Promise<Record<string, unknown>> {
  const agent = new Agent({ maxSockets: 1 });
  return new Promise((resolve, reject) => {
    const call = request(
      { host: "127.0.0.1", port, path: `/v1/models/${model}:${verb}`, method: "POST", agent },
      (response) => {
        let received = "";
        response.on("data", (piece) => {
          received += piece;
        });
        response.on("end", () => {
          if (response.statusCode === 200) resolve(JSON.parse(received));
          else reject(new Error(received));
        });
      },
    );
    call.on("error", reject);
    call.end(body);
  });
}

/** How long each of the request workers has been busy since the start. */
async function busySeconds(rest: number): Promise<number[]> {
  const page = await (await fetch(`http://127.0.0.1:${rest}/metrics`)).text();
  const rows = page.matchAll(/^servable_worker_busy_seconds_total\{worker="\d+"\} (\S+)$/gm);
  return [...rows].map(([, seconds]) => Number(seconds));
}

function modelConfig(models: readonly string[]): string {
  const configs = models.map(
    (name) => `config { name: "${name}" base_path: "${join(MODELS, name)}" model_platform: "tensorflow" }`,
  );
  return `model_config_list { ${configs.join("\n")} }`;
}

describe("an installed TensorFlow serves with --engine=tensorflow", () => {
  let notHere: string | undefined;

  before(async () => {
    const { code, out, err } = await runCommand(["engine", "install", "tensorflow"]);
    const [, reason] = NOT_HERE.exec(err) ?? [];
    if (code !== 0 && reason !== undefined) notHere = `TensorFlow can't be installed here: ${reason}`;
    else {
      assert.equal(code, 0, err);
      assert.match(out, /^TensorFlow [\d.]+ is (already )?installed/);
    }
  });

  /** Serves models while `use` asks them. */
  async function serving(
    t: TestContext,
    models: readonly string[],
    use: (rest: number, grpc: GrpcClient) => Promise<void>,
  ): Promise<void> {
    if (notHere !== undefined) return t.skip(notHere);
    const folder = mkdtempSync(join(tmpdir(), "servable-tensorflow-"));
    try {
      const file = join(folder, "models.config");
      writeFileSync(file, modelConfig(models));
      const flags = [
        `--model_config_file=${file}`,
        "--engine=tensorflow",
        "--request_workers=2",
        "--metrics_path=/metrics",
      ];
      const { err } = await runProgram(flags, {}, async (rest, grpcPort) => {
        const grpc = new GrpcClient(grpcPort);
        try {
          await use(rest, grpc);
        } finally {
          grpc.close();
        }
      });
      const runsOn = [...err.matchAll(/Engine: (\w+)/g)].map((match) => match[1]);
      assert.deepEqual(
        runsOn,
        models.map(() => "tensorflow"),
      );
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  }

  it("a counter, of which all workers have one", async (t) => {
    await serving(t, ["tf2_state"], async (rest, grpc) => {
      // Each loop over two numbers adds 0 and 1 to the first of three variables, which is 1.
      const count = async (): Promise<number> => {
        const body = '{"signature_name": "flow", "inputs": {"x": 0.0, "n": 2}}';
        const answer = await post(rest, "tf2_state", "predict", body);
        return (answer.outputs as { counts: number[] }).counts[0]!;
      };
      const idle = await busySeconds(rest);
      assert.equal(idle.length, 2);
      let total = 1;
      let haveAllAnswered = false;
      // A busy machine may leave all of a few requests to one worker.
      for (let burst = 0; burst < 50 && !haveAllAnswered; burst++) {
        const counts = await Promise.all(Array.from({ length: 40 }, count));
        total += counts.length;
        assert.equal(Math.max(...counts), total);
        const busy = await busySeconds(rest);
        haveAllAnswered = busy.every((seconds, worker) => seconds - idle[worker]! > 0.05);
      }
      assert.ok(haveAllAnswered, "a worker got no request");
      const { outputs } = await grpc.ask("Predict", PredictRequestSchema, PredictResponseSchema, {
        modelSpec: { name: "tf2_state", signatureName: "flow" },
        inputs: {
          x: { dtype: DataType.DT_FLOAT, tensorShape: {}, floatVal: [0] },
          n: { dtype: DataType.DT_INT32, tensorShape: {}, intVal: [0] },
        },
      });
      assert.equal(outputs.counts!.int64Val[0], BigInt(total));
      // One after the other, each over another connection.
      for (let i = 1; i <= 20; i++) assert.equal(await count(), total + i);
    });
  });

  it("strings, with tables that assets fill", async (t) => {
    await serving(t, ["vocabulary"], async (rest, grpc) => {
      const { inputs, outputs } = casesOf("vocabulary")[0]!;
      const words = inputs.word!.values.map((value) => Buffer.from(value.b64, "base64"));
      const answer = await grpc.ask("Predict", PredictRequestSchema, PredictResponseSchema, {
        modelSpec: { name: "vocabulary" },
        inputs: {
          word: {
            dtype: DataType.DT_STRING,
            tensorShape: { dim: [{ size: BigInt(words.length) }] },
            stringVal: words,
          },
        },
      });
      for (const key of ["next", "kind"]) {
        const strings = answer.outputs[key]!.stringVal.map((bytes) => Buffer.from(bytes).toString());
        assert.deepEqual(strings, outputs[key]!.values.map(text));
      }
      assertClose(answer.outputs.weight!.floatVal, outputs.weight!.values as number[]);
      const byRest = await post(
        rest,
        "vocabulary",
        "predict",
        JSON.stringify({ inputs: { word: words.map(String) } }),
      );
      const { next, id } = byRest.outputs as { next: string[]; id: number[] };
      assert.deepEqual(next, outputs.next!.values.map(text));
      assert.deepEqual(id, outputs.id!.values);
    });
  });

  it("an Estimator's export, asked with tf.Examples", async (t) => {
    await serving(t, ["tf1_estimator"], async (rest, grpc) => {
      const [classify, regress] = casesOf("tf1_estimator");
      const examples = classify!.inputs.inputs!.values.map((value) =>
        fromBinary(ExampleSchema, Buffer.from(value.b64, "base64")),
      );
      const input = { kind: { case: "exampleList" as const, value: { examples } } };
      const classified = await grpc.ask(
        "Classify",
        ClassificationRequestSchema,
        ClassificationResponseSchema,
        {
          modelSpec: { name: "tf1_estimator" },
          input,
        },
      );
      const classes = classified.result!.classifications.flatMap((row) => row.classes);
      assert.deepEqual(
        classes.map(({ label }) => label),
        classify!.outputs.classes!.values.map(text),
      );
      assertClose(
        classes.map(({ score }) => score),
        classify!.outputs.scores!.values as number[],
      );
      const regressed = await grpc.ask("Regress", RegressionRequestSchema, RegressionResponseSchema, {
        modelSpec: { name: "tf1_estimator", signatureName: "regression" },
        input,
      });
      assertClose(
        regressed.result!.regressions.map(({ value }) => value),
        regress!.outputs.outputs!.values as number[],
      );
      const body =
        '{"signature_name": "regression", "examples": [{"age": 33.0, "color": "green", "tags": ["fast", "old"]}]}';
      const { results } = await post(rest, "tf1_estimator", "regress", body);
      assertClose(results as number[], (regress!.outputs.outputs!.values as number[]).slice(0, 1));
      await assert.rejects(
        grpc.ask("Regress", RegressionRequestSchema, RegressionResponseSchema, {
          modelSpec: { name: "tf1_estimator", signatureName: "regression" },
          input: { kind: { case: "exampleList", value: { examples: [{}] } } },
        }),
        (error: ServiceError) => {
          assert.equal(error.code, status.INVALID_ARGUMENT);
          assert.match(error.details, /age/);
          return true;
        },
      );
    });
  });
});
