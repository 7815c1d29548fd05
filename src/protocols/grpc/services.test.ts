import assert from "node:assert/strict";
import { describe, it, type TestContext } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import {
  create,
  type DescMessage,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";
import { Health } from "../../inference/health.ts";
import { ModelState } from "../../lifecycle/servable.ts";
import { ServableMap } from "../../lifecycle/servable-map.ts";
import {
  HealthCheckRequestSchema,
  HealthCheckResponseSchema,
  HealthListResponseSchema,
  HealthCheckResponse_ServingStatus as Status,
} from "../../proto/gen/grpc/health/v1/health_pb.ts";
import {
  ServerReflectionRequestSchema,
  ServerReflectionResponseSchema,
} from "../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import { Code, type StatusError } from "../../status/status.ts";
import type { StreamMethod } from "../streaming.ts";
import type { UnaryCall } from "../unary.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { healthMethods, healthStreams, reflectionStreams, servicesOf } from "./services.ts";

const noCall = {} as UnaryCall;

function scene() {
  const map = new ServableMap();
  const health = new Health(map, ["tensorflow.serving.PredictionService"]);
  map.onChange = () => health.changed();
  const say = (name: string, version: bigint, state: ModelState) =>
    map.setStatus(name, { version, state, status: { code: Code.OK, message: "" } });
  const check = async (service: string) => {
    const message = toBinary(HealthCheckRequestSchema, create(HealthCheckRequestSchema, { service }));
    const frame = await healthMethods(health).get("/grpc.health.v1.Health/Check")!(message, noCall);
    return fromBinary(HealthCheckResponseSchema, frame.subarray(PREFIX_LENGTH)).status;
  };
  return { map, health, say, check };
}

/** A call in memory. */
function open<Request extends DescMessage, Response extends DescMessage>(
  method: StreamMethod,
  request: Request,
  response: Response,
) {
  const answers: MessageShape<Response>[] = [];
  const ended: (StatusError | undefined)[] = [];
  const receiver = method({
    headers: {},
    send: (frame) => answers.push(fromBinary(response, frame.subarray(PREFIX_LENGTH))),
    finish: (error) => ended.push(error),
  });
  const send = (message: MessageInitShape<Request>) =>
    receiver.message(toBinary(request, create(request, message)));
  return { answers, ended, receiver, send };
}

describe("grpc.health.v1.Health", () => {
  it("tells of the server, of models and of versions", async () => {
    const { map, say, check } = scene();
    map.setNames(["m", "coming"]);
    say("m", 1n, ModelState.AVAILABLE);
    say("m", 2n, ModelState.LOADING);
    for (const name of [
      "",
      "PredictionService",
      "ModelService",
      "tensorflow.serving.PredictionService",
      "m",
      "m/1",
    ]) {
      assert.equal(await check(name), Status.SERVING, name);
    }
    for (const name of ["m/2", "coming"]) assert.equal(await check(name), Status.NOT_SERVING, name);
    for (const name of ["other", "m/3", "m/", "m/x", "/1"]) {
      await assert.rejects(check(name), { code: Code.NOT_FOUND, message: `Unknown service: "${name}"` });
    }
  });

  it("lists what it knows", async () => {
    const { map, health } = scene();
    map.setNames(["m"]);
    const frame = await healthMethods(health).get("/grpc.health.v1.Health/List")!(new Uint8Array(0), noCall);
    const { statuses } = fromBinary(HealthListResponseSchema, frame.subarray(PREFIX_LENGTH));
    assert.equal(statuses[""]?.status, Status.SERVING);
    assert.equal(statuses.m?.status, Status.NOT_SERVING);
  });

  it("watches a model through its life, and says when the server drains", async () => {
    const { map, health, say, check } = scene();
    const watch = healthStreams(health).get("/grpc.health.v1.Health/Watch")!;
    const { answers, ended, send } = open(watch, HealthCheckRequestSchema, HealthCheckResponseSchema);
    await send({ service: "m" });
    map.setNames(["m"]);
    say("m", 1n, ModelState.LOADING);
    say("m", 1n, ModelState.AVAILABLE);
    say("other", 1n, ModelState.AVAILABLE);
    say("m", 1n, ModelState.END);
    say("m", 2n, ModelState.AVAILABLE);
    health.drain();
    assert.deepEqual(
      answers.map(({ status }) => status),
      [
        Status.SERVICE_UNKNOWN,
        Status.NOT_SERVING,
        Status.SERVING,
        Status.NOT_SERVING,
        Status.SERVING,
        Status.NOT_SERVING,
      ],
    );
    assert.equal(ended[0]?.code, Code.UNAVAILABLE);
    for (const name of ["", "m"]) assert.equal(await check(name), Status.NOT_SERVING);
  });

  it("forgets watchers that go", async (t: TestContext) => {
    const { health, say } = scene();
    const watch = healthStreams(health).get("/grpc.health.v1.Health/Watch")!;
    const { answers, receiver, send } = open(watch, HealthCheckRequestSchema, HealthCheckResponseSchema);
    await send({ service: "m" });
    receiver.cancel();
    await sleep(1);
    say("m", 1n, ModelState.AVAILABLE);
    t.assert.equal(answers.length, 1);
  });
});

describe("grpc.reflection", () => {
  const paths = ["/tensorflow.serving.PredictionService/Predict", "/grpc.health.v1.Health/Check"];

  async function ask(
    ...requests: MessageInitShape<typeof ServerReflectionRequestSchema>["messageRequest"][]
  ) {
    const method = reflectionStreams(paths).get(
      "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
    )!;
    const { answers, ended, receiver, send } = open(
      method,
      ServerReflectionRequestSchema,
      ServerReflectionResponseSchema,
    );
    for (const messageRequest of requests) await send({ host: "h", messageRequest: messageRequest! });
    receiver.end();
    await sleep(1);
    assert.deepEqual(ended, [undefined]);
    assert.ok(
      answers.every(({ validHost, originalRequest }) => validHost === "h" && originalRequest?.host === "h"),
    );
    return answers.map(({ messageResponse }) => messageResponse);
  }

  const filesOf = (answer: Awaited<ReturnType<typeof ask>>[number]) =>
    answer.case === "fileDescriptorResponse"
      ? answer.value.fileDescriptorProto.map((bytes) => fromBinary(FileDescriptorProtoSchema, bytes).name)
      : [];

  it("lists exactly the services that are served", async () => {
    const [answer] = await ask({ case: "listServices", value: "" });
    assert.equal(answer?.case, "listServicesResponse");
    assert.deepEqual(
      answer.value.service.map(({ name }) => name),
      [
        "grpc.health.v1.Health",
        "grpc.reflection.v1.ServerReflection",
        "grpc.reflection.v1alpha.ServerReflection",
        "tensorflow.serving.PredictionService",
      ],
    );
    assert.deepEqual(
      servicesOf(paths),
      new Set(["tensorflow.serving.PredictionService", "grpc.health.v1.Health"]),
    );
  });

  it("gives the files that define names, with all that they import", async () => {
    const symbols = [
      "tensorflow.serving.PredictionService",
      "tensorflow.serving.PredictionService.Predict",
      "tensorflow.TensorProto",
      "tensorflow.TensorProto.dtype",
      "tensorflow.TensorShapeProto.Dim",
      "tensorflow.DT_FLOAT",
    ];
    const answers = await ask(...symbols.map((value) => ({ case: "fileContainingSymbol", value }) as const));
    assert.deepEqual(
      answers.map((answer) => filesOf(answer)[0]),
      [
        "tensorflow_serving/apis/prediction_service.proto",
        "tensorflow_serving/apis/prediction_service.proto",
        "tensorflow/core/framework/tensor.proto",
        "tensorflow/core/framework/tensor.proto",
        "tensorflow/core/framework/tensor_shape.proto",
        "tensorflow/core/framework/types.proto",
      ],
    );
    const all = filesOf(answers[0]!);
    assert.equal(new Set(all).size, all.length);
    for (const needed of ["tensorflow/core/framework/tensor.proto", "google/protobuf/wrappers.proto"]) {
      assert.ok(all.includes(needed), needed);
    }
    const [file] = await ask({ case: "fileByFilename", value: "google/protobuf/any.proto" });
    assert.deepEqual(filesOf(file!), ["google/protobuf/any.proto"]);
  });

  it("says what it doesn't know", async () => {
    const extension = { containingType: "tensorflow.TensorProto", extensionNumber: 7 };
    const answers = await ask(
      { case: "fileByFilename", value: "none.proto" },
      { case: "fileContainingSymbol", value: "no.Such" },
      // Not served here.
      { case: "fileContainingSymbol", value: "tensorflow.ProfilerService" },
      { case: "fileContainingExtension", value: extension },
      { case: "allExtensionNumbersOfType", value: "no.Such" },
      { case: "allExtensionNumbersOfType", value: "tensorflow.TensorProto" },
      { case: undefined },
    );
    assert.deepEqual(
      answers.map((answer) => (answer.case === "errorResponse" ? answer.value.errorCode : answer.case)),
      [
        Code.NOT_FOUND,
        Code.NOT_FOUND,
        Code.NOT_FOUND,
        Code.NOT_FOUND,
        Code.NOT_FOUND,
        "allExtensionNumbersResponse",
        Code.INVALID_ARGUMENT,
      ],
    );
  });
});
