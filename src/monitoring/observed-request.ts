import type { GraphRun, RunResult } from "../engines/engine.ts";
import type {
  ServableHandle,
  ServableId,
  ServableLookup,
  ServableRequest,
  Signature,
  VersionStatus,
} from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { asStatusError, Code } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Api } from "./api.ts";
import { type ModelCells, Phase, type RequestCells, type VersionCells } from "./request-cells.ts";
import type { RunCells } from "./run-cells.ts";

export type Headers = Readonly<Record<string, string | string[] | undefined>>;

/** Where a request is counted. */
export interface RequestAccounts {
  readonly runs: RunCells;
  /** Told of each request that has ended. */
  readonly onEnd: ((request: ObservedRequest) => void) | undefined;
  version(id: ServableId): VersionCells;
  /** Of a model that may not be served at all. */
  model(name: string): ModelCells;
  /** The series of a request by how far it got. */
  cells(id: ServableId | undefined, model: string, signature: string, api: Api): RequestCells;
}

/**
 * One request, seen from what it does with its version: until the run it is parsed, after the run its answer is
 * encoded. It stands in the place of the lookup, so that watching a request costs two small objects, four looks at the
 * clock and some additions.
 */
export class ObservedRequest implements ServableLookup {
  readonly api: Api;
  readonly headers: Headers;
  /** All on the clock of `performance.now()`, in milliseconds; 0 for what hasn't come. */
  readonly began: number;
  runBegan = 0;
  runEnded = 0;
  ended = 0;
  /** How much of the run was waiting for a batch, in milliseconds. */
  queued = 0;
  code: Code = Code.OK;
  /** Over REST, once it is answered. */
  httpStatus: number | undefined;
  /** Empty until it is known. */
  model: string;
  version: bigint | undefined;
  signature = "";
  readonly #accounts: RequestAccounts;
  readonly #lookup: ServableLookup;
  readonly #bytes: number;
  #id: ServableId | undefined;
  #cells: RequestCells | undefined;
  #examples = 0;

  constructor(
    accounts: RequestAccounts,
    lookup: ServableLookup,
    api: Api,
    bytes: number,
    headers: Headers,
    model = "",
  ) {
    this.#accounts = accounts;
    this.#lookup = lookup;
    this.api = api;
    this.#bytes = bytes;
    this.headers = headers;
    this.model = model;
    this.began = performance.now();
  }

  acquire(request: ServableRequest): ServableHandle {
    this.model = request.name;
    const handle = this.#lookup.acquire(request);
    this.#id = handle.id;
    this.version = handle.id.version;
    return new ObservedHandle(handle, this);
  }

  status(name: string): readonly VersionStatus[] | undefined {
    this.model = name;
    return this.#lookup.status(name);
  }

  names(): Iterable<string> {
    return this.#lookup.names();
  }

  /** Runs what it is asked to, and measures it. */
  run(
    handle: ServableHandle,
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation: Cancellation | undefined,
  ): RunResult | Promise<RunResult> {
    const began = this.#beginRun(signature, inputs);
    const result = handle.run(signature, inputs, outputs, cancellation);
    if (result instanceof Promise) return result.then((later) => this.#ran(began, inputs, later));
    return this.#ran(began, inputs, result);
  }

  /** The same for a part of the graph, which is no signature's. */
  async runGraph(runGraph: (run: GraphRun) => Promise<RunResult>, run: GraphRun): Promise<RunResult> {
    const inputs = [...run.feeds.values()];
    const began = this.#beginRun("", inputs);
    return this.#ran(began, inputs, await runGraph(run));
  }

  /** @returns now. */
  #beginRun(signature: string, inputs: readonly Tensor[]): number {
    const began = performance.now();
    const size = inputs[0]?.shape[0];
    if (this.#cells === undefined) {
      this.runBegan = began;
      this.signature = signature;
      this.#examples = size ?? 0;
      this.#cells = this.#accounts.cells(this.#id, this.model, signature, this.api);
      this.#cells.inFlight.add(1);
      if (size !== undefined) this.#cells.recordBatchSize(size);
    }
    return began;
  }

  #ran(began: number, inputs: readonly Tensor[], result: RunResult): RunResult {
    this.runEnded = performance.now();
    this.queued += result.queuedMilliseconds ?? 0;
    const microseconds = Math.round((this.runEnded - began) * 1000);
    this.#accounts.version(this.#id!).model.recordRun(this.api, microseconds);
    this.#accounts.runs.record(microseconds, inputs, result.tensors);
    return result;
  }

  /** @param bytes of the answer. */
  succeed(bytes: number): void {
    this.#end(Code.OK, bytes);
  }

  /** @param bytes of the answer that tells it, if there is one. */
  fail(error: unknown, bytes = 0): void {
    this.#end(asStatusError(error).code, bytes);
  }

  #end(code: Code, bytes: number): void {
    this.ended = performance.now();
    this.code = code;
    const cells = this.#cells ?? this.#accounts.cells(this.#id, this.model, "", this.api);
    this.#count(cells, bytes);
    if (this.#cells !== undefined) this.#recordPhases(this.#cells);
    this.#countForTensorflow();
    this.#accounts.onEnd?.(this);
  }

  #count(cells: RequestCells, bytes: number): void {
    cells.count(this.code);
    cells.seconds.record((this.ended - this.began) / 1000);
    cells.requestBytes.add(this.#bytes);
    cells.responseBytes.add(bytes);
  }

  #recordPhases(cells: RequestCells): void {
    cells.inFlight.add(-1);
    cells.recordPhase(Phase.PARSE, this.runBegan - this.began);
    // A run that failed lasted until now.
    const runEnded = this.runEnded || this.ended;
    cells.recordPhase(Phase.RUN, Math.max(0, runEnded - this.runBegan - this.queued));
    if (this.queued > 0) cells.recordPhase(Phase.QUEUE, this.queued);
    if (this.code === Code.OK) cells.recordPhase(Phase.ENCODE, this.ended - runEnded);
  }

  /** As TensorFlow Serving does: http_server.cc, prediction_service_impl.cc, classifier.cc, regressor.cc. */
  #countForTensorflow(): void {
    const isOk = this.code === Code.OK;
    const counted = this.api.tensorflowName !== undefined;
    if (!counted && !(this.api.examples && isOk)) return;
    const model =
      this.#id === undefined ? this.#accounts.model(this.model) : this.#accounts.version(this.#id).model;
    if (counted) model.countRequest(this.code);
    if (counted && isOk) model.recordRequest(this.api, Math.round((this.ended - this.began) * 1000));
    if (this.api.examples && isOk) model.recordExamples(this.#examples);
  }
}

/** A handle whose runs the request is told of. */
class ObservedHandle implements ServableHandle {
  readonly #handle: ServableHandle;
  readonly #request: ObservedRequest;

  constructor(handle: ServableHandle, request: ObservedRequest) {
    this.#handle = handle;
    this.#request = request;
  }

  get id(): ServableId {
    return this.#handle.id;
  }

  get signatures(): ReadonlyMap<string, Signature> {
    return this.#handle.signatures;
  }

  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    return this.#request.run(this.#handle, signature, inputs, outputs, cancellation);
  }

  get runGraph(): ServableHandle["runGraph"] {
    const { runGraph } = this.#handle;
    return runGraph && ((run) => this.#request.runGraph(runGraph, run));
  }

  signatureDefMap(): Uint8Array {
    return this.#handle.signatureDefMap();
  }

  release(): void {
    this.#handle.release();
  }
}
