import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gzipSync } from "node:zlib";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { ExampleSchema } from "../../proto/gen/tensorflow/core/example/example_pb.ts";
import { TensorProtoSchema } from "../../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import {
  ClassificationRequestSchema,
  ClassificationResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/classification_pb.ts";
import { InputSchema } from "../../proto/gen/tensorflow_serving/apis/input_pb.ts";
import { ModelSpecSchema } from "../../proto/gen/tensorflow_serving/apis/model_pb.ts";
import {
  PredictRequestSchema,
  type PredictResponse,
  PredictResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import {
  RegressionRequestSchema,
  RegressionResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/regression_pb.ts";
import { EchoLookup, echoSignature, signatureTensors } from "./echo-servable.ts";
import { restHandler } from "./handler.ts";

type Spec = MessageInitShape<typeof ModelSpecSchema>;

const lookup = new EchoLookup({
  serving_default: echoSignature({ x: "float32" }),
  other: echoSignature({ x: "float32" }),
});

const TYPE = "application/x-protobuf";

async function post(target: string, body: Uint8Array, headers = {}, handle = restHandler(lookup)) {
  const request = { method: "POST", target, headers: { "content-type": TYPE, ...headers }, body };
  const response = await handle(request);
  assert.equal(lookup.open, 0, "a version is still held");
  assert.equal(lookup.undisposed, 0, "a result was not freed");
  return response;
}

/** A PredictRequest with x = [1.5, 2]. */
function predictRequest(spec?: Spec): Uint8Array {
  const x = create(TensorProtoSchema, {
    dtype: 1,
    tensorShape: { dim: [{ size: 2n }] },
    floatVal: [1.5, 2],
  });
  const message = create(PredictRequestSchema, { inputs: { x } });
  if (spec !== undefined) message.modelSpec = create(ModelSpecSchema, spec);
  return toBinary(PredictRequestSchema, message);
}

function versionIn(response: PredictResponse): bigint | undefined {
  const choice = response.modelSpec?.versionChoice;
  return choice?.case === "version" ? choice.value.value : undefined;
}

async function predicted(target: string, modelSpec?: Spec) {
  const { status, headers, body } = await post(target, predictRequest(modelSpec));
  assert.deepEqual([status, headers], [200, { "content-type": TYPE }], String(body));
  return fromBinary(PredictResponseSchema, body as Uint8Array);
}

const version = (value: bigint): Spec => ({ versionChoice: { case: "version", value: { value } } });
const label = (value: string): Spec => ({ versionChoice: { case: "versionLabel", value } });

describe("a serialized PredictRequest", () => {
  it("is answered with a serialized PredictResponse", async () => {
    const response = await predicted("/v1/models/echo:predict");
    assert.deepEqual(response.outputs.x?.floatVal, [1.5, 2]);
    assert.equal(response.modelSpec?.name, "echo");
    assert.equal(response.modelSpec?.signatureName, "serving_default");
    assert.equal(versionIn(response), 2n);
  });

  it("says what the URL leaves out, and may leave out what the URL says", async () => {
    const versionOf = async (...args: Parameters<typeof predicted>) => versionIn(await predicted(...args));
    assert.equal(await versionOf("/v1/models/echo:predict", version(1n)), 1n);
    assert.equal(await versionOf("/v1/models/echo:predict", label("stable")), 1n);
    assert.equal(await versionOf("/v1/models/echo/versions/1:predict"), 1n);
    assert.equal(await versionOf("/v1/models/echo/versions/1:predict", { name: "echo", ...version(1n) }), 1n);
    assert.equal(await versionOf("/v1/models/echo/labels/stable:predict", label("stable")), 1n);
    const named = await predicted("/v1/models/echo:predict", { signatureName: "other" });
    assert.equal(named.modelSpec?.signatureName, "other");
  });

  it("may not contradict the URL", async () => {
    const refusals: [string, Spec, string][] = [
      ["echo", { name: "nope" }, "The URL names the model echo, the request's model_spec nope"],
      ["echo/versions/1", version(2n), "The URL asks for version 1, the request's model_spec for version 2"],
      [
        "echo/versions/1",
        label("stable"),
        "The URL asks for version 1, the request's model_spec for the label stable",
      ],
      [
        "echo/labels/stable",
        version(1n),
        "The URL asks for the label stable, the request's model_spec for version 1",
      ],
    ];
    for (const [model, spec, error] of refusals) {
      const response = await post(`/v1/models/${model}:predict`, predictRequest(spec));
      assert.deepEqual(
        [response.status, response.headers, JSON.parse(response.body as string)],
        [400, { "content-type": "application/json" }, { error }],
      );
    }
  });

  it("gets errors as JSON, with the usual statuses", async () => {
    const errorOf = async (target: string, body: Uint8Array) => {
      const response = await post(target, body);
      return [response.status, (JSON.parse(response.body as string) as { error: string }).error];
    };
    assert.deepEqual(await errorOf("/v1/models/nope:predict", predictRequest()), [
      404,
      "Servable not found for request: Latest(nope)",
    ]);
    assert.deepEqual(await errorOf("/v1/models/echo:predict", predictRequest({ signatureName: "no" })), [
      400,
      'Serving signature key "no" not found.',
    ]);
    const [status, error] = await errorOf("/v1/models/echo:predict", Buffer.from('{"instances": [1]}'));
    assert.equal(status, 400);
    assert.match(String(error), /PredictRequest/);
    assert.equal((await errorOf("/v1/models/echo:predict", new Uint8Array(0)))[0], 400);
  });

  it("may be compressed, and answered with tensor_content", async () => {
    const handle = restHandler(lookup, { checksMethodName: false, tensorContent: true });
    const encoding = { "content-encoding": "gzip", "content-type": `${TYPE}; messageType="x"` };
    const body = gzipSync(predictRequest());
    const response = await post("/v1/models/echo:predict", body, encoding, handle);
    const { outputs } = fromBinary(PredictResponseSchema, response.body as Uint8Array);
    assert.deepEqual(outputs.x?.floatVal, []);
    assert.deepEqual(Buffer.from(outputs.x!.tensorContent), Buffer.from(Float32Array.of(1.5, 2).buffer));
  });
});

describe("serialized requests with examples", () => {
  const scores = { dtype: "float32", shape: [2, 1], data: Float32Array.of(0.25, 0.75) } as const;
  const inputs = signatureTensors({ inputs: "string" });
  const scored = new EchoLookup(
    {
      serving_default: {
        methodName: "tensorflow/serving/classify",
        inputs,
        outputs: signatureTensors({ scores: "float32" }),
      },
      regression: {
        methodName: "tensorflow/serving/regress",
        inputs,
        outputs: signatureTensors({ outputs: "float32" }),
      },
    },
    () => [scores],
  );
  const example = create(ExampleSchema);
  const input = create(InputSchema, {
    kind: { case: "exampleList", value: { examples: [example, example] } },
  });

  it("are classified", async () => {
    const message = create(ClassificationRequestSchema, { input });
    const body = toBinary(ClassificationRequestSchema, message);
    const response = await post("/v1/models/echo:classify", body, {}, restHandler(scored));
    assert.equal(response.headers["content-type"], TYPE, String(response.body));
    const { result, modelSpec } = fromBinary(ClassificationResponseSchema, response.body as Uint8Array);
    assert.deepEqual(
      result?.classifications.map(({ classes }) => classes.map(({ score }) => score)),
      [[0.25], [0.75]],
    );
    assert.equal(modelSpec?.name, "echo");
  });

  it("are regressed", async () => {
    const message = create(RegressionRequestSchema, {
      modelSpec: create(ModelSpecSchema, { signatureName: "regression" }),
      input,
    });
    const body = toBinary(RegressionRequestSchema, message);
    const response = await post("/v1/models/echo/versions/1:regress", body, {}, restHandler(scored));
    assert.equal(response.headers["content-type"], TYPE, String(response.body));
    const { result } = fromBinary(RegressionResponseSchema, response.body as Uint8Array);
    assert.deepEqual(
      result?.regressions.map(({ value }) => value),
      [0.25, 0.75],
    );
  });

  it("may not contradict the URL", async () => {
    const message = create(RegressionRequestSchema, {
      modelSpec: create(ModelSpecSchema, { name: "nope" }),
      input,
    });
    const body = toBinary(RegressionRequestSchema, message);
    const response = await post("/v1/models/echo:regress", body, {}, restHandler(scored));
    assert.equal(response.status, 400);
  });
});
