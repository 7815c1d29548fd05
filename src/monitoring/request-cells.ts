import type { Counter, Gauge, Histogram } from "../metrics/instruments.ts";
import type { MetricScope } from "../metrics/scope.ts";
import { type Code, codeName } from "../status/status.ts";
import type { Api } from "./api.ts";
import { BatchCells, type BatchTotals } from "./batch-cells.ts";

export const PHASES = ["parse", "queue", "run", "encode"] as const;
export const Phase = { PARSE: 0, QUEUE: 1, RUN: 2, ENCODE: 3 } as const;

/** What is counted of one model over one API, under TensorFlow Serving's names. Series begin when they are needed. */
export class ModelCells {
  readonly scope: MetricScope;
  readonly name: string;
  readonly #statuses: (Counter | undefined)[] = [];
  readonly #logged: (Counter | undefined)[] = [];
  readonly #requestLatency: (Histogram | undefined)[] = [];
  readonly #runtimeLatency: (Histogram | undefined)[] = [];
  #examples: Histogram | undefined;
  #exampleTotal: Counter | undefined;
  /** Of requests that didn't get as far as a version, by API. */
  readonly #versionless: (RequestCells | undefined)[] = [];

  constructor(scope: MetricScope, name: string) {
    this.scope = scope;
    this.name = name;
  }

  countRequest(code: Code): void {
    this.#statuses[code] ??= this.scope.counter(":tensorflow:serving:request_count", [
      this.name,
      codeName(code),
    ]);
    this.#statuses[code].add(1);
  }

  recordRequest({ index, tensorflowName = "", protocol }: Api, microseconds: number): void {
    this.#requestLatency[index] ??= this.scope.histogram(":tensorflow:serving:request_latency", [
      this.name,
      tensorflowName,
      protocol.toUpperCase(),
    ]);
    this.#requestLatency[index].record(microseconds);
  }

  recordRun({ index, name }: Api, microseconds: number): void {
    this.#runtimeLatency[index] ??= this.scope.histogram(":tensorflow:serving:runtime_latency", [
      this.name,
      name,
      "TF1",
    ]);
    this.#runtimeLatency[index].record(microseconds);
  }

  recordExamples(count: number): void {
    this.#examples ??= this.scope.histogram(":tensorflow:serving:request_example_counts", [this.name]);
    this.#exampleTotal ??= this.scope.counter(":tensorflow:serving:request_example_count_total", [this.name]);
    this.#examples.record(count);
    this.#exampleTotal.add(count);
  }

  /** @param code of logging the request. */
  countLogged(code: Code): void {
    this.#logged[code] ??= this.scope.counter(":tensorflow:serving:request_log_count", [
      this.name,
      codeName(code),
    ]);
    this.#logged[code].add(1);
  }

  withoutVersion(api: Api): RequestCells {
    this.#versionless[api.index] ??= new RequestCells(this.scope, this.name, "", "", api);
    return this.#versionless[api.index]!;
  }
}

/** What is counted of a version, by signature and API. */
export class VersionCells {
  readonly model: ModelCells;
  readonly #scope: MetricScope;
  readonly #version: string;
  readonly #signatures = new Map<string, (RequestCells | undefined)[]>();

  constructor(scope: MetricScope, model: ModelCells, version: bigint) {
    this.#scope = scope;
    this.model = model;
    this.#version = String(version);
  }

  /** Of the signature's batches, for whoever makes them. */
  batches(signature: string, totals: BatchTotals): BatchCells {
    return new BatchCells(this.#scope, totals, [this.model.name, this.#version, signature]);
  }

  of(signature: string, api: Api): RequestCells {
    let cells = this.#signatures.get(signature);
    if (cells === undefined) {
      cells = [];
      this.#signatures.set(signature, cells);
    }
    cells[api.index] ??= new RequestCells(this.#scope, this.model.name, this.#version, signature, api);
    return cells[api.index]!;
  }
}

/** Our own metrics of one model, version, signature and API. */
export class RequestCells {
  readonly seconds: Histogram;
  readonly requestBytes: Counter;
  readonly responseBytes: Counter;
  readonly #scope: MetricScope;
  readonly #labels: readonly string[];
  readonly #codes: (Counter | undefined)[] = [];
  readonly #phases: (Histogram | undefined)[] = [];
  #batchSize: Histogram | undefined;
  #inFlight: Gauge | undefined;

  constructor(scope: MetricScope, model: string, version: string, signature: string, api: Api) {
    this.#scope = scope;
    this.#labels = [model, version, signature, api.name, api.protocol];
    this.seconds = scope.histogram("servable_request_seconds", this.#labels);
    this.requestBytes = scope.counter("servable_request_bytes_total", this.#labels);
    this.responseBytes = scope.counter("servable_response_bytes_total", this.#labels);
  }

  count(code: Code): void {
    this.#codes[code] ??= this.#scope.counter("servable_requests_total", [...this.#labels, codeName(code)]);
    this.#codes[code].add(1);
  }

  get inFlight(): Gauge {
    this.#inFlight ??= this.#scope.gauge("servable_requests_in_flight", this.#labels);
    return this.#inFlight;
  }

  recordPhase(phase: number, milliseconds: number): void {
    this.#phases[phase] ??= this.#scope.histogram("servable_request_phase_seconds", [
      ...this.#labels,
      PHASES[phase]!,
    ]);
    this.#phases[phase].record(milliseconds / 1000);
  }

  recordBatchSize(size: number): void {
    this.#batchSize ??= this.#scope.histogram("servable_request_batch_size", this.#labels);
    this.#batchSize.record(size);
  }
}
