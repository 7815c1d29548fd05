import { createLogger } from "../status/log.ts";
import type { LoaderFactory } from "./loader.ts";
import { ServableManager, type ServingPool } from "./manager.ts";
import type { RetryPolicy } from "./retry.ts";
import { formatServableId, ModelState, type ServableId } from "./servable.ts";
import { StateBus } from "./state-bus.ts";
import type { VersionPolicy } from "./version-policy.ts";

interface PendingCall {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * A manager between loaders and a pool whose calls stay open until a test ends them. Calls go by names like
 * `load m:1`; payloads by `m:1#1`, the number counting the loads of the version.
 */
export class ScriptedServing {
  readonly manager: ServableManager<string>;
  readonly bus = new StateBus();
  /** Every state that was announced, e.g. `m:1 LOADING`. */
  readonly announced: string[] = [];
  readonly log: string[] = [];
  readonly pending = new Map<string, PendingCall>();
  /** Every call, in the order in which they were made. */
  readonly calls: string[] = [];
  /** Versions that new requests get. */
  readonly available = new Set<string>();
  /** Payloads that were loaded and not unloaded. */
  readonly inMemory = new Set<string>();
  readonly paths = new Map<string, string>();
  readonly signals = new Map<string, AbortSignal>();
  /** Rejects every estimate while it is set. */
  estimateError: Error | undefined;
  /** What the manager did against the contracts. */
  readonly violations: string[] = [];
  readonly #loads = new Map<string, number>();
  readonly #heldByWorkers = new Set<string>();

  constructor(policy: VersionPolicy, retry: RetryPolicy, ramLimitBytes = Number.POSITIVE_INFINITY) {
    this.bus.subscribe(({ id, state }) => {
      const name = Object.entries(ModelState).find(([, value]) => value === state)![0];
      this.announced.push(`${key(id)} ${name}`);
    });
    this.manager = new ServableManager({
      policy,
      retry,
      createLoader: this.#createLoader,
      pool: this.#pool,
      bus: this.bus,
      ramLimitBytes,
      log: createLogger({ write: (severity, _, message) => this.log.push(`${severity} ${message}`) }, ""),
    });
  }

  /** Replaces what is aspired for a model, and lets what can happen now happen. */
  async aspire(name: string, ...versions: bigint[]): Promise<void> {
    const aspired = versions.map((version) => ({ version, path: `/models/${name}/${version}` }));
    this.manager.setAspiredVersions({ name, versions: aspired });
    await new Promise(setImmediate);
  }

  async finish(call: string): Promise<void> {
    this.#take(call).resolve();
    await new Promise(setImmediate);
  }

  async fail(call: string, error: Error): Promise<void> {
    this.#take(call).reject(error);
    await new Promise(setImmediate);
  }

  #take(call: string): PendingCall {
    const open = this.pending.get(call);
    if (open === undefined) throw new Error(`${call} is not open: ${[...this.pending.keys()].join(", ")}`);
    this.pending.delete(call);
    return open;
  }

  #call(call: string): Promise<void> {
    if (this.pending.has(call)) this.violations.push(`${call} twice at a time`);
    this.calls.push(call);
    return new Promise((resolve, reject) => {
      this.pending.set(call, { resolve, reject });
    });
  }

  readonly #createLoader: LoaderFactory<string> = (id, path) => {
    const version = key(id);
    this.paths.set(version, path);
    return {
      id,
      estimate: async () => {
        if (this.estimateError !== undefined) throw this.estimateError;
        return { ramBytes: 100 };
      },
      load: async (signal) => {
        if (signal.aborted) this.violations.push(`${formatServableId(id)} loaded with an aborted signal`);
        this.signals.set(version, signal);
        await this.#call(`load ${version}`);
        const load = (this.#loads.get(version) ?? 0) + 1;
        this.#loads.set(version, load);
        this.inMemory.add(`${version}#${load}`);
        return `${version}#${load}`;
      },
      unload: async (payload) => {
        if (!this.inMemory.has(payload)) this.violations.push(`${payload} unloaded without being loaded`);
        if (this.#heldByWorkers.has(version)) this.violations.push(`${payload} unloaded under its workers`);
        await this.#call(`unload ${version}`);
        this.inMemory.delete(payload);
      },
    };
  };

  readonly #pool: ServingPool<string> = {
    publish: async (id, payload) => {
      const version = key(id);
      if (!this.inMemory.has(payload)) this.violations.push(`${payload} published without being loaded`);
      if (this.#heldByWorkers.has(version)) this.violations.push(`${version} published twice`);
      this.#heldByWorkers.add(version);
      await this.#call(`publish ${version}`);
      this.available.add(version);
    },
    retire: async (id) => {
      const version = key(id);
      if (!this.#heldByWorkers.has(version))
        this.violations.push(`${version} retired without being published`);
      this.available.delete(version);
      await this.#call(`retire ${version}`);
      this.#heldByWorkers.delete(version);
    },
  };
}

function key(id: ServableId): string {
  return `${id.name}:${id.version}`;
}
