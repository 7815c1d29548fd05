import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { ModelSpecSchema } from "../proto/gen/tensorflow_serving/apis/model_pb.ts";
import {
  PredictRequestSchema,
  PredictResponseSchema,
} from "../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import { PredictionLogSchema } from "../proto/gen/tensorflow_serving/apis/prediction_log_pb.ts";
import { SamplingConfigSchema } from "../proto/gen/tensorflow_serving/config/logging_config_pb.ts";
import type { AnsweredRequest } from "../protocols/request-log.ts";
import { codeName } from "../status/status.ts";
import { Backlog } from "./backlog.ts";
import { type LogRecord, RequestRecorder } from "./request-recorder.ts";

const answered: AnsweredRequest = {
  kind: "predict",
  modelSpec: toBinary(ModelSpecSchema, create(ModelSpecSchema, { name: "m" })),
  request: toBinary(PredictRequestSchema, create(PredictRequestSchema, { outputFilter: ["y"] })),
  response: toBinary(PredictResponseSchema, create(PredictResponseSchema, { modelSpec: { name: "m" } })),
};

function recorder(rates: Record<string, number>, drawn: number, limitBytes = 1 << 20) {
  const sent: LogRecord[] = [];
  const told: string[] = [];
  const memory = Backlog.createMemory();
  const backlog = new Backlog(memory, limitBytes);
  const made = new RequestRecorder({
    backlog,
    send: (record) => sent.push(record),
    savedModelTags: ["serve"],
    onLogged: (model, code) => told.push(`${model} ${codeName(code)}`),
    random: () => drawn,
  });
  made.setLoggings(
    new Map(
      Object.entries(rates).map(([model, samplingRate]) => {
        const samplingConfig = toBinary(SamplingConfigSchema, create(SamplingConfigSchema, { samplingRate }));
        return [model, { samplingRate, samplingConfig, filenamePrefix: `/logs/${model}` }];
      }),
    ),
  );
  return { made, sent, told, backlog };
}

describe("RequestRecorder", () => {
  it("draws the share of each model", () => {
    const rates = { rare: 0.1, often: 0.5 };
    assert.equal(recorder(rates, 0.5).made.sample(), undefined);
    const some = recorder(rates, 0.3).made.sample()!;
    assert.deepEqual(["rare", "often", "other"].map(some.isWantedFor), [false, true, false]);
    const few = recorder(rates, 0.05).made.sample()!;
    assert.deepEqual(["rare", "often", "other"].map(few.isWantedFor), [true, true, false]);
  });

  it("takes every request of a model at the rate 1, and none where nothing is logged", () => {
    assert.ok(recorder({ m: 1 }, 0.999_999).made.sample()!.isWantedFor("m"));
    assert.equal(recorder({}, 0).made.sample(), undefined);
  });

  it("sends a PredictionLog with the sampling config, the model and the time", () => {
    const { made, sent } = recorder({ m: 1 }, 0);
    made.sample()!.write("m", answered);
    assert.equal(sent[0]!.prefix, "/logs/m");
    const { logMetadata, logType } = fromBinary(PredictionLogSchema, sent[0]!.bytes);
    assert.equal(logMetadata!.modelSpec!.name, "m");
    assert.equal(logMetadata!.samplingConfig!.samplingRate, 1);
    assert.deepEqual(logMetadata!.savedModelTags, ["serve"]);
    assert.ok(Math.abs(Number(logMetadata!.timestampSecs) - Date.now() / 1000) < 60);
    assert.equal(logType.case, "predictLog");
    assert.deepEqual(logType.case === "predictLog" && logType.value.request!.outputFilter, ["y"]);
    assert.deepEqual(logType.case === "predictLog" && logType.value.response!.modelSpec!.name, "m");
  });

  it("keeps nothing of what it was given", () => {
    const { made, sent } = recorder({ m: 1 }, 0);
    const request = answered.request.slice();
    made.sample()!.write("m", { ...answered, request });
    request.fill(0xff);
    assert.doesNotThrow(() => fromBinary(PredictionLogSchema, sent[0]!.bytes));
    // All of its memory can be handed over.
    assert.equal(sent[0]!.bytes.length, sent[0]!.bytes.buffer.byteLength);
  });

  it("drops and counts what the backlog doesn't take, until there is room again", () => {
    const { made, sent, told, backlog } = recorder({ m: 1 }, 0, 2048);
    for (let i = 0; i < 5; i++) made.sample()!.write("m", answered);
    assert.equal(sent.length, 2);
    assert.deepEqual(told, [...Array(2).fill("m OK"), ...Array(3).fill("m RESOURCE_EXHAUSTED")]);
    assert.equal(backlog.takeDropped(), 3);
    assert.equal(backlog.takeDropped(), 0);
    backlog.leave(sent[0]!.size);
    made.sample()!.write("m", answered);
    assert.equal(sent.length, 3);
  });

  it("counts what can't be sent as dropped", () => {
    const { backlog } = recorder({}, 0, 1024);
    const failing = new RequestRecorder({
      backlog,
      send: () => {
        throw new RangeError("Array buffer allocation failed");
      },
      savedModelTags: [],
      random: () => 0,
    });
    const samplingConfig = new Uint8Array(0);
    failing.setLoggings(new Map([["m", { samplingRate: 1, samplingConfig, filenamePrefix: "/logs" }]]));
    failing.sample()!.write("m", answered);
    assert.equal(backlog.takeDropped(), 1);
    assert.ok(backlog.enter(1024));
  });
});
