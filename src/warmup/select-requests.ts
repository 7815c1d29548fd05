import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  type PredictionLog,
  PredictionLogSchema,
} from "../proto/gen/tensorflow_serving/apis/prediction_log_pb.ts";
import { invalidArgument } from "../status/status.ts";
import { requestForm } from "./request-form.ts";

/** A request that stands for all of its form. */
export interface SelectedRequest {
  readonly form: string;
  /** How many requests of the form there were. */
  readonly seen: number;
  /** A serialized PredictionLog with the first of them alone: no metadata, no response. */
  readonly record: Uint8Array;
}

interface Seen {
  seen: number;
  readonly first: PredictionLog;
}

/** Picks, out of the requests of logs, those that warm a model up for the others. */
export class RequestSelection {
  readonly #model: string | undefined;
  readonly #forms = new Map<string, Seen>();
  #only: string | undefined;

  /** @param model whose requests count. Undefined: there must be those of one model only. */
  constructor(model: string | undefined) {
    this.#model = model;
  }

  /**
   * @param bytes a serialized PredictionLog. One without a request is passed over.
   * @throws StatusError INVALID_ARGUMENT for bytes that are none, and for a second model.
   */
  add(bytes: Uint8Array): void {
    const log = parsePredictionLog(bytes);
    const found = requestForm(log);
    if (found === undefined) return;
    const { model, form } = found;
    if (this.#model !== undefined && model !== this.#model) return;
    this.#only ??= model;
    if (model !== this.#only) {
      throw invalidArgument(
        `There are requests for ${named(this.#only)} and for ${named(model)}: say for which with --model_name`,
      );
    }
    const known = this.#forms.get(form);
    if (known === undefined) this.#forms.set(form, { seen: 1, first: log });
    else known.seen++;
  }

  /** One request of each form; if that is more than `count`, of the forms that came most often. Most frequent first. */
  select(count: number): readonly SelectedRequest[] {
    return [...this.#forms]
      .sort(([, a], [, b]) => b.seen - a.seen)
      .slice(0, count)
      .map(([form, { seen, first }]) => ({ form, seen, record: requestAlone(first) }));
  }
}

function named(model: string): string {
  return model === "" ? "no model" : `the model ${model}`;
}

/** @throws StatusError INVALID_ARGUMENT. */
export function parsePredictionLog(bytes: Uint8Array): PredictionLog {
  try {
    return fromBinary(PredictionLogSchema, bytes);
  } catch (error) {
    throw invalidArgument(`Malformed PredictionLog: ${error instanceof Error ? error.message : error}`);
  }
}

function requestAlone({ logType }: PredictionLog): Uint8Array {
  const alone = create(PredictionLogSchema, { logType });
  if (alone.logType.case === "predictStreamedLog") alone.logType.value.response = [];
  else if (alone.logType.case !== undefined) alone.logType.value.response = undefined;
  return toBinary(PredictionLogSchema, alone);
}
