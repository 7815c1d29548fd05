import type { ServableId, ServableLookup } from "../lifecycle/servable.ts";
import { MetricScope, type SeriesMemory } from "../metrics/scope.ts";
import type { Api } from "./api.ts";
import { type BatchCells, BatchTotals } from "./batch-cells.ts";
import { type Headers, ObservedRequest, type RequestAccounts } from "./observed-request.ts";
import { ModelCells, type RequestCells, VersionCells } from "./request-cells.ts";
import { RunCells } from "./run-cells.ts";

/** A client can ask for any name: so many that aren't served get series of their own. */
const MAX_STRANGERS = 100;
const OTHERS = "(other)";

/** Watches the requests of one thread: what each asks for, how long its phases take, how it ends. */
export class RequestObserver implements RequestAccounts {
  readonly runs: RunCells;
  readonly onEnd: ((request: ObservedRequest) => void) | undefined;
  readonly #announce: (series: SeriesMemory) => void;
  /** Of what isn't forgotten with a version. */
  readonly #scope: MetricScope;
  readonly #models = new Map<string, ModelCells>();
  /** A version's series end with its last request. */
  readonly #versions = new WeakMap<ServableId, VersionCells>();
  #batchTotals: BatchTotals | undefined;
  #strangers = 0;

  /** @param announce told of each new series. */
  constructor(announce: (series: SeriesMemory) => void, onEnd?: (request: ObservedRequest) => void) {
    this.#announce = announce;
    this.#scope = new MetricScope(announce);
    this.runs = new RunCells(this.#scope);
    this.onEnd = onEnd;
  }

  /**
   * A request has come whole. It looks up what it needs in what this returns, and tells it how it ended.
   * @param bytes of its body.
   * @param model what it asks for, if that is known before it looks.
   */
  begin(lookup: ServableLookup, api: Api, bytes: number, headers: Headers, model?: string): ObservedRequest {
    return new ObservedRequest(this, lookup, api, bytes, headers, model);
  }

  version(id: ServableId): VersionCells {
    let cells = this.#versions.get(id);
    if (cells === undefined) {
      let model = this.#models.get(id.name);
      if (model === undefined) {
        model = new ModelCells(this.#scope, id.name);
        this.#models.set(id.name, model);
      }
      cells = new VersionCells(new MetricScope(this.#announce), model, id.version);
      this.#versions.set(id, cells);
    }
    return cells;
  }

  model(name: string): ModelCells {
    const known = this.#models.get(name);
    if (known !== undefined) return known;
    const label = this.#strangers < MAX_STRANGERS ? name : OTHERS;
    if (label === OTHERS && this.#models.has(OTHERS)) return this.#models.get(OTHERS)!;
    this.#strangers++;
    const cells = new ModelCells(this.#scope, label);
    this.#models.set(label, cells);
    return cells;
  }

  /** Told of the batches in which a signature is run. */
  batches(id: ServableId, signature: string): BatchCells {
    this.#batchTotals ??= new BatchTotals(this.#scope);
    return this.version(id).batches(signature, this.#batchTotals);
  }

  cells(id: ServableId | undefined, model: string, signature: string, api: Api): RequestCells {
    return id === undefined ? this.model(model).withoutVersion(api) : this.version(id).of(signature, api);
  }
}
