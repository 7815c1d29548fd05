import type { GraphRun, RunResult } from "../engines/engine.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { internal, invalidArgument, notFound } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { NotLoaded } from "./not-loaded.ts";
import {
  formatServableId,
  type Servable,
  type ServableHandle,
  type ServableId,
  type ServableLookup,
  type ServableRequest,
  type Signature,
  type VersionLabels,
  type VersionStatus,
} from "./servable.ts";
import { VersionStates } from "./version-states.ts";

/**
 * What one thread serves. Requests look up and let go; the control thread's messages add, remove and describe. As it
 * belongs to one thread, a use costs a map lookup or two, a counter and a small object.
 */
export class ServableMap implements ServableLookup {
  readonly #models = new Map<string, ServedModel>();
  readonly #states = new VersionStates();
  #labels: VersionLabels = new Map();
  #configured: readonly string[] = [];
  /** Told when the names or the states of models have changed. */
  onChange: () => void = () => {};

  /**
   * New requests find it from now on.
   * @throws StatusError INTERNAL if the version is there already.
   */
  add(servable: Servable): void {
    const { name, version } = servable.id;
    let model = this.#models.get(name);
    if (model === undefined) {
      model = { versions: new Map(), latest: undefined };
      this.#models.set(name, model);
    }
    if (model.versions.has(version)) throw internal(`${formatServableId(servable.id)} is served already`);
    model.versions.set(version, new ServedVersion(servable));
    model.latest = newest(model);
  }

  /**
   * The same for a version that is loaded when it is asked for; it takes the place of what there is of it.
   * @param servable undefined while it isn't loaded.
   * @param load called by the first request that comes then.
   * @param lastUse is set to when each request comes, in milliseconds of `Date.now()`.
   * @returns resolves with what was there, when the last handle on it was released.
   */
  async setLazy(
    id: ServableId,
    servable: Servable | undefined,
    load: () => Promise<void>,
    lastUse: Float64Array,
  ): Promise<Servable | undefined> {
    const model = this.#models.get(id.name) ?? { versions: new Map(), latest: undefined };
    this.#models.set(id.name, model);
    const before = model.versions.get(id.version);
    model.versions.set(
      id.version,
      servable === undefined ? new UnloadedVersion(id, load) : new ServedVersion(servable, lastUse),
    );
    model.latest = newest(model);
    return before?.close();
  }

  /**
   * New requests don't find it any more. Resolves, with what was added, when the last handle was released; at once
   * and with `undefined` if there is no such version.
   */
  remove(id: ServableId): Promise<Servable | undefined> {
    const model = this.#models.get(id.name);
    const served = model?.versions.get(id.version);
    if (model === undefined || served === undefined) return Promise.resolve(undefined);
    model.versions.delete(id.version);
    model.latest = newest(model);
    if (model.latest === undefined) this.#models.delete(id.name);
    return served.close();
  }

  /** The error texts are TensorFlow Serving's: server_core.cc, basic_manager.cc. */
  acquire(request: ServableRequest): ServableHandle {
    const { name } = request;
    const model = this.#models.get(name);
    const version =
      request.version ?? (request.label === undefined ? undefined : this.#labelled(name, request.label));
    const served = version === undefined ? model?.latest : model?.versions.get(version);
    if (served !== undefined) return served.isLoaded ? new Handle(served) : served.demand();
    const wanted = version === undefined ? `Latest(${name})` : `Specific(${name}, ${version})`;
    throw notFound(`Servable not found for request: ${wanted}`);
  }

  #labelled(name: string, label: string): bigint {
    const version = this.#labels.get(name)?.get(label);
    if (version === undefined) throw invalidArgument(`Unrecognized servable version label: ${label}`);
    return version;
  }

  status(name: string): readonly VersionStatus[] | undefined {
    return this.#states.get(name);
  }

  names(): Iterable<string> {
    return this.#configured;
  }

  setStatus(name: string, status: VersionStatus): void {
    this.#states.set(name, status);
    this.onChange();
  }

  /** Replaces the names of all configured models. */
  setNames(names: readonly string[]): void {
    this.#configured = names;
    this.onChange();
  }

  /** Replaces all labels. */
  setLabels(labels: VersionLabels): void {
    this.#labels = labels;
  }
}

interface ServedModel {
  readonly versions: Map<bigint, ServedVersion | UnloadedVersion>;
  /** The highest version; `undefined` only while there is none. */
  latest: ServedVersion | UnloadedVersion | undefined;
}

function newest(model: ServedModel): ServedModel["latest"] {
  let found: ServedModel["latest"];
  for (const served of model.versions.values()) {
    if (found === undefined || served.id.version > found.id.version) found = served;
  }
  return found;
}

/** A version that is loaded when it is asked for, and hasn't been. */
class UnloadedVersion {
  readonly isLoaded = false;
  readonly id: ServableId;
  readonly #load: () => Promise<void>;
  /** For all requests that come meanwhile. */
  #loading: Promise<void> | undefined;

  constructor(id: ServableId, load: () => Promise<void>) {
    this.id = id;
    this.#load = load;
  }

  demand(): never {
    this.#loading ??= this.#load().finally(() => {
      this.#loading = undefined;
    });
    throw new NotLoaded(this.id, this.#loading);
  }

  /** There is nothing of it. */
  async close(): Promise<undefined> {}
}

class ServedVersion {
  readonly isLoaded = true;
  readonly servable: Servable;
  readonly #lastUse: Float64Array | undefined;
  #handles = 0;
  #closed: (() => void) | undefined;

  constructor(servable: Servable, lastUse?: Float64Array) {
    this.servable = servable;
    this.#lastUse = lastUse;
  }

  get id(): ServableId {
    return this.servable.id;
  }

  open(): void {
    this.#handles++;
    if (this.#lastUse !== undefined) this.#lastUse[0] = Date.now();
  }

  release(): void {
    if (--this.#handles === 0) this.#closed?.();
  }

  /** Resolves when no handle is left. None may be opened after the call. */
  async close(): Promise<Servable> {
    if (this.#handles > 0) {
      this.servable.retire?.();
      await new Promise<void>((resolve) => {
        this.#closed = resolve;
      });
    }
    return this.servable;
  }
}

class Handle implements ServableHandle {
  readonly #served: ServedVersion;
  #released = false;

  constructor(served: ServedVersion) {
    served.open();
    this.#served = served;
  }

  get id(): ServableId {
    return this.#served.servable.id;
  }

  get signatures(): ReadonlyMap<string, Signature> {
    return this.#served.servable.signatures;
  }

  run(
    signature: string,
    inputs: readonly Tensor[],
    outputs: readonly string[],
    cancellation?: Cancellation,
  ): RunResult | Promise<RunResult> {
    if (this.#released) throw this.#misuse();
    return this.#served.servable.run(signature, inputs, outputs, cancellation);
  }

  get runGraph(): ((run: GraphRun) => Promise<RunResult>) | undefined {
    const { servable } = this.#served;
    if (servable.runGraph === undefined) return undefined;
    return (run) => {
      if (this.#released) throw this.#misuse();
      return servable.runGraph!(run);
    };
  }

  signatureDefMap(): Uint8Array {
    return this.#served.servable.signatureDefMap();
  }

  release(): void {
    if (this.#released) throw this.#misuse();
    this.#released = true;
    this.#served.release();
  }

  /** The native session behind it may be gone: a second use or release must not get through. */
  #misuse() {
    return internal(`A handle of ${formatServableId(this.id)} was used after its release`);
  }
}
