import type { TensorProto } from "../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import { DataTypeSchema } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import type { Input } from "../proto/gen/tensorflow_serving/apis/input_pb.ts";
import type { ModelSpec } from "../proto/gen/tensorflow_serving/apis/model_pb.ts";
import type { PredictRequest } from "../proto/gen/tensorflow_serving/apis/predict_pb.ts";
import type { PredictionLog } from "../proto/gen/tensorflow_serving/apis/prediction_log_pb.ts";
import type { SessionRunRequest } from "../proto/gen/tensorflow_serving/apis/session_service_pb.ts";

/** What a log is of. */
export interface RequestForm {
  /** The model that was asked; empty if the request names none. */
  readonly model: string;
  /**
   * All of the request but its values: kind, signature, types and shapes, such as `predict serving_default x: DT_FLOAT [1,3]`.
   * What one request sets up in a model is there for others of its form.
   */
  readonly form: string;
}

const DEFAULT_SIGNATURE = "serving_default";

/** @returns undefined for a log without a request. */
export function requestForm({ logType }: PredictionLog): RequestForm | undefined {
  switch (logType.case) {
    case "predictLog": {
      const { request } = logType.value;
      return request && { model: nameOf(request.modelSpec), form: `predict ${predictForm(request)}` };
    }
    case "predictStreamedLog": {
      const requests = logType.value.request;
      if (requests.length === 0) return undefined;
      const model = nameOf(requests[0]!.modelSpec);
      return { model, form: `predict in a stream ${requests.map(predictForm).join("; ")}` };
    }
    case "classifyLog":
    case "regressLog": {
      const { request } = logType.value;
      if (request === undefined) return undefined;
      const { modelSpec, input } = request;
      const kind = logType.case === "classifyLog" ? "classify" : "regress";
      return { model: nameOf(modelSpec), form: `${kind} ${signatureOf(modelSpec)} ${examplesForm(input)}` };
    }
    case "multiInferenceLog": {
      const { request } = logType.value;
      if (request === undefined) return undefined;
      const tasks = request.tasks.map(
        ({ modelSpec, methodName }) => `${methodName.split("/").at(-1)} ${signatureOf(modelSpec)}`,
      );
      const form = `multi-inference ${tasks.join(" + ")} ${examplesForm(request.input)}`;
      return { model: nameOf(request.tasks[0]?.modelSpec), form };
    }
    case "sessionRunLog": {
      const { request } = logType.value;
      return request && { model: nameOf(request.modelSpec), form: `session-run ${sessionRunForm(request)}` };
    }
    case undefined:
      return undefined;
  }
}

function nameOf(spec: ModelSpec | undefined): string {
  return spec?.name ?? "";
}

function signatureOf(spec: ModelSpec | undefined): string {
  return spec?.signatureName || DEFAULT_SIGNATURE;
}

function predictForm({ modelSpec, inputs, outputFilter }: PredictRequest): string {
  const tensors = Object.keys(inputs)
    .sort()
    .map((name) => `${name}: ${tensorForm(inputs[name]!)}`);
  const wanted = outputFilter.length === 0 ? "" : ` -> ${[...outputFilter].sort().join(", ")}`;
  return `${signatureOf(modelSpec)} ${tensors.join(", ")}${wanted}`;
}

function sessionRunForm({ feed, fetch, target }: SessionRunRequest): string {
  const fed = feed.map(
    ({ name, tensor }) => `${name}: ${tensor === undefined ? "none" : tensorForm(tensor)}`,
  );
  return `${fed.sort().join(", ")} -> ${[...fetch, ...target].sort().join(", ")}`;
}

function tensorForm({ dtype, tensorShape }: TensorProto): string {
  const sizes = (tensorShape?.dim ?? []).map(({ size }) => String(size));
  return `${DataTypeSchema.value[dtype]?.name ?? dtype} [${sizes.join(",")}]`;
}

function examplesForm(input: Input | undefined): string {
  const count = input?.kind.value?.examples.length ?? 0;
  return `${count} ${count === 1 ? "example" : "examples"}`;
}
