import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { ModelSpecSchema } from "../../proto/gen/tensorflow_serving/apis/model_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { AnsweredRequest, RequestLog } from "../request-log.ts";
import { EchoLookup, echoSignature } from "./echo-servable.ts";
import { restHandler } from "./handler.ts";

const lookup = (run?: (inputs: readonly Tensor[]) => readonly Tensor[] | Promise<readonly Tensor[]>) =>
  new EchoLookup({ serving_default: echoSignature({ x: "float32", name: "string", id: "int64" }) }, run);

/** Logs everything that is for this model. */
function logOf(wanted: string): { log: RequestLog; written: AnsweredRequest[] } {
  const written: AnsweredRequest[] = [];
  const sample = {
    isWantedFor: (model: string) => model === wanted,
    // What it is given may change afterwards.
    write: (_: string, answered: AnsweredRequest) => void written.push(structuredClone(answered)),
  };
  return { log: { sample: () => sample }, written };
}

const OPTIONS = { checksMethodName: false, tensorContent: false };
const BODY = '{"instances": [{"x": 0.5, "name": {"b64": "/w=="}, "id": -3}, {"x": 1, "name": "b", "id": 4}]}';

async function post(target: string, log: RequestLog, run?: Parameters<typeof lookup>[0]): Promise<number> {
  const handler = restHandler(lookup(run), OPTIONS, undefined, undefined, log);
  const body = Buffer.from(BODY);
  return (await handler({ method: "POST", target: `/v1/models/${target}`, headers: {}, body })).status;
}

describe("a predict request that came as JSON", () => {
  it("is logged as the message that asks the same, by a label too", async () => {
    const { log, written } = logOf("echo");
    assert.equal(await post("echo/labels/stable:predict", log), 200);
    const [{ kind, modelSpec, request, response }] = written as [AnsweredRequest];
    assert.equal(kind, "predict");
    const { modelSpec: asked, inputs } = fromBinary(PredictRequestSchema, request);
    assert.deepEqual([asked!.name, asked!.versionChoice.value], ["echo", "stable"]);
    assert.deepEqual(inputs.x!.floatVal, [0.5, 1]);
    assert.deepEqual(
      inputs.name!.stringVal.map((value) => [...value]),
      [[0xff], [0x62]],
    );
    assert.deepEqual(inputs.id!.int64Val, [-3n, 4n]);
    const { outputs, modelSpec: answered } = fromBinary(PredictResponseSchema, response);
    assert.deepEqual(outputs.x, inputs.x);
    assert.deepEqual(fromBinary(ModelSpecSchema, modelSpec), answered);
    assert.equal(answered!.versionChoice.case, "version");
  });

  it("is logged when it was answered later", async () => {
    const { log, written } = logOf("echo");
    assert.equal(await post("echo/versions/2:predict", log, async (inputs) => inputs), 200);
    const { modelSpec } = fromBinary(PredictRequestSchema, written[0]!.request);
    assert.equal(modelSpec!.versionChoice.case, "version");
  });

  it("is not logged if it failed, or if no log is wanted of its model", async () => {
    const { log, written } = logOf("echo");
    assert.equal(await post("other:predict", log), 404);
    assert.equal(
      await post("echo:predict", log, () => Promise.reject(new Error("broken"))).catch(() => 500),
      500,
    );
    assert.equal(await post("echo:predict", logOf("another").log), 200);
    assert.deepEqual(written, []);
  });
});
