import assert from "node:assert/strict";
import { suite, test } from "node:test";
import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ServableHandle, ServableLookup } from "../../lifecycle/servable.ts";
import {
  GetModelMetadataRequestSchema,
  GetModelMetadataResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import {
  GetModelStatusRequestSchema,
  GetModelStatusResponseSchema,
} from "../../proto/gen/tensorflow_serving/apis/get_model_status_pb.ts";
import { Code, notFound } from "../../status/status.ts";
import type { UnaryCall } from "../unary.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { modelService } from "./model-service.ts";
import { predictionService } from "./prediction-service.ts";

const call: UnaryCall = { headers: {}, signal: new AbortController().signal };
let held = 0;

const lookup: ServableLookup = {
  acquire({ name, version }) {
    if (name !== "m") throw notFound(`Servable not found for request: Latest(${name})`);
    held++;
    return {
      id: { name, version: version ?? 2n },
      signatureDefMap: () => Uint8Array.of(10, 0),
      release: () => held--,
    } as Partial<ServableHandle> as ServableHandle;
  },
  status: (name) =>
    name === "m"
      ? [
          { version: 2n, state: 30, status: { code: Code.OK, message: "" } },
          { version: 1n, state: 50, status: { code: Code.DATA_LOSS, message: "broken" } },
        ]
      : undefined,
  names: () => ["m"],
};

const noReload = () => Promise.reject(new Error("not to be called"));

async function status(request: MessageInitShape<typeof GetModelStatusRequestSchema>) {
  const method = modelService(lookup, noReload).get("/tensorflow.serving.ModelService/GetModelStatus")!;
  const message = toBinary(GetModelStatusRequestSchema, create(GetModelStatusRequestSchema, request));
  const frame = await method(message, call);
  return fromBinary(GetModelStatusResponseSchema, frame.subarray(PREFIX_LENGTH)).modelVersionStatus.map(
    (one) => [one.version, one.state, one.status?.errorCode, one.status?.errorMessage],
  );
}

async function metadata(request: MessageInitShape<typeof GetModelMetadataRequestSchema>) {
  const method = predictionService(lookup).get("/tensorflow.serving.PredictionService/GetModelMetadata")!;
  const message = toBinary(GetModelMetadataRequestSchema, create(GetModelMetadataRequestSchema, request));
  const frame = await method(message, call);
  return fromBinary(GetModelMetadataResponseSchema, frame.subarray(PREFIX_LENGTH));
}

suite("GetModelStatus", () => {
  test("all versions, or one", async () => {
    const all = [
      [2n, 30, 0, ""],
      [1n, 50, 15, "broken"],
    ];
    assert.deepEqual(await status({ modelSpec: { name: "m" } }), all);
    const one = { name: "m", versionChoice: { case: "version", value: { value: 1n } } } as const;
    assert.deepEqual(await status({ modelSpec: one }), all.slice(1));
  });

  test("errors", async () => {
    await assert.rejects(status({}), { code: Code.INVALID_ARGUMENT, message: "Missing ModelSpec" });
    await assert.rejects(status({ modelSpec: { name: "none" } }), { code: Code.NOT_FOUND });
    const method = modelService(lookup, noReload).get("/tensorflow.serving.ModelService/GetModelStatus")!;
    await assert.rejects(async () => method(Uint8Array.of(10, 5, 1), call), { code: Code.INVALID_ARGUMENT });
  });
});

suite("GetModelMetadata", () => {
  test("the signatures", async () => {
    const response = await metadata({ modelSpec: { name: "m" }, metadataField: ["signature_def"] });
    assert.equal(response.modelSpec?.name, "m");
    assert.equal(
      response.metadata.signature_def?.typeUrl,
      "type.googleapis.com/tensorflow.serving.SignatureDefMap",
    );
    assert.deepEqual([...response.metadata.signature_def.value], [10, 0]);
    assert.equal(held, 0);
  });

  test("errors", async () => {
    await assert.rejects(metadata({ metadataField: ["signature_def"] }), { code: Code.INVALID_ARGUMENT });
    await assert.rejects(metadata({ modelSpec: {}, metadataField: ["signature_def"] }), {
      code: Code.INVALID_ARGUMENT,
      message: "ModelSpec has no name specified.",
    });
    await assert.rejects(metadata({ modelSpec: { name: "m" } }), { code: Code.INVALID_ARGUMENT });
    await assert.rejects(metadata({ modelSpec: { name: "x" }, metadataField: ["signature_def"] }), {
      code: Code.NOT_FOUND,
    });
  });
});
