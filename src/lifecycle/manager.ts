import { type Logger, loggerAbout } from "../status/log.ts";
import {
  asStatusError,
  Code,
  formatStatus,
  internal,
  resourceExhausted,
  type StatusData,
  StatusError,
  toStatusData,
} from "../status/status.ts";
import { type HarnessEvent, type HarnessKind, type HarnessState, modelState, transition } from "./harness.ts";
import type { Loader, LoaderFactory, ResourceEstimate } from "./loader.ts";
import { type RetryPolicy, retry } from "./retry.ts";
import { formatServableId, type ServableId } from "./servable.ts";
import type { AspiredVersions } from "./source.ts";
import type { StateBus } from "./state-bus.ts";
import type { VersionAction, VersionPolicy, VersionSnapshot } from "./version-policy.ts";

/**
 * The threads that answer requests, as the manager sees them. For one version `publish` and `retire` alternate, and
 * the manager waits for each before the next.
 */
export interface ServingPool<T> {
  /** Resolves when every worker answers requests for the version, including workers that start later. */
  publish(id: ServableId, payload: T): Promise<void>;
  /**
   * No new request gets the version; resolves when no worker holds a handle on it any more. After a rejection the
   * payload is taken to be in use for ever and is never unloaded. Also called after a `publish` that rejected.
   */
  retire(id: ServableId): Promise<void>;
}

export interface ManagerOptions<T> {
  readonly policy: VersionPolicy;
  readonly retry: RetryPolicy;
  readonly createLoader: LoaderFactory<T>;
  readonly pool: ServingPool<T>;
  readonly bus: StateBus;
  /** What all versions together may take, by their estimates; a version for which too little is left fails. */
  readonly ramLimitBytes: number;
  readonly log: Logger;
}

interface ManagedVersion<T> {
  readonly id: ServableId;
  readonly loader: Loader<T>;
  /** Aborted when the version stops being aspired before it is loaded. */
  readonly cancel: AbortController;
  /** Says which version its lines are about. */
  readonly log: Logger;
  state: HarnessState<T>;
}

interface ManagedModel<T> {
  readonly name: string;
  /** What the source asked for last: versions and their paths. */
  aspired: ReadonlyMap<bigint, string>;
  readonly versions: Map<bigint, ManagedVersion<T>>;
}

/**
 * Makes true what a source aspires to, in the order that the policy chooses: loads and publishes, retires and unloads.
 * Runs on the control thread, decides only through the policy, and decides anew after each event. Models don't wait
 * for each other.
 *
 * A version that is aspired again while it is being unloaded, or after its load was cancelled, is loaded anew when
 * that is over; a failed one is not, before it has been un-aspired.
 */
export class ServableManager<T> {
  readonly #options: ManagerOptions<T>;
  readonly #models = new Map<string, ManagedModel<T>>();
  readonly #running = new Set<Promise<void>>();
  /** What loads were given that have not begun yet, in bytes. */
  readonly #granted = new Map<ManagedVersion<T>, number>();
  /** Resolves when something has changed. */
  #change: PromiseWithResolvers<void> = Promise.withResolvers();
  #stopping = false;

  constructor(options: ManagerOptions<T>) {
    this.#options = options;
  }

  /** Replaces what is aspired for one model. Returns at once. Ignored once `stop` was called. */
  setAspiredVersions({ name, versions }: AspiredVersions): void {
    if (this.#stopping) return;
    const model = this.#models.get(name) ?? { name, aspired: new Map(), versions: new Map() };
    model.aspired = new Map(versions.map(({ version, path }) => [version, path]));
    this.#models.set(name, model);
    this.#reconcile(model);
  }

  /** Resolves when nothing is being loaded or unloaded, which a later call of `setAspiredVersions` may change. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Unloads everything. Resolves when all of it is gone; cancels loads, waits for requests that still run. */
  async stop(): Promise<void> {
    this.#stopping = true;
    this.#options.log.info("Unload all remaining servables in the manager.");
    for (const model of this.#models.values()) {
      model.aspired = new Map();
      this.#reconcile(model);
    }
    await this.idle();
  }

  /** The sum of the estimates of all versions that are loaded, being loaded or being unloaded, in bytes. */
  reservedRamBytes(): number {
    let sum = 0;
    for (const bytes of this.#granted.values()) sum += bytes;
    for (const { state } of this.#versions()) if ("estimate" in state) sum += state.estimate.ramBytes;
    return sum;
  }

  *#versions(): IterableIterator<ManagedVersion<T>> {
    for (const model of this.#models.values()) yield* model.versions.values();
  }

  #reconcile(model: ManagedModel<T>): void {
    this.#change.resolve();
    this.#change = Promise.withResolvers();
    for (const managed of [...model.versions.values()]) this.#dropUnlessNeeded(model, managed);
    for (const [version, path] of model.aspired) {
      if (!model.versions.has(version)) model.versions.set(version, this.#manage(model.name, version, path));
    }
    for (;;) {
      const action = this.#options.policy(snapshot(model));
      if (action === undefined) break;
      this.#run(model, this.#perform(model.versions.get(action.version)!, action.kind));
    }
  }

  #dropUnlessNeeded(model: ManagedModel<T>, managed: ManagedVersion<T>): void {
    const { id, state, cancel } = managed;
    const aspired = model.aspired.has(id.version);
    if (!aspired && state.kind === "new") this.#advance(managed, { kind: "abandon" });
    if (!aspired && UNLOADED.has(state.kind)) cancel.abort(cancelled(id));
    const over = managed.state.kind === "disabled" || managed.state.kind === "error";
    const keepsItsError = managed.state.kind === "error" && aspired && !cancel.signal.aborted;
    if (over && !keepsItsError) model.versions.delete(id.version);
  }

  #manage(name: string, version: bigint, path: string): ManagedVersion<T> {
    const id: ServableId = { name, version };
    const managed: ManagedVersion<T> = {
      id,
      loader: this.#options.createLoader(id, path),
      cancel: new AbortController(),
      log: loggerAbout(this.#options.log, id),
      state: { kind: "new" },
    };
    this.#announce(managed);
    return managed;
  }

  /** The first step of an action is taken before this returns, so that the policy sees it when asked again. */
  #run(model: ManagedModel<T>, action: Promise<void>): void {
    const done = action.then(() => {
      this.#running.delete(done);
      this.#reconcile(model);
    });
    this.#running.add(done);
  }

  #perform(managed: ManagedVersion<T>, action: VersionAction["kind"]): Promise<void> {
    const { id, state } = managed;
    if (action === "load" && state.kind === "new") return this.#load(managed);
    if (action === "unload" && state.kind === "ready") return this.#unload(managed, state.payload);
    throw internal(`The version policy wants to ${action} ${formatServableId(id)}, which is ${state.kind}`);
  }

  async #load(managed: ManagedVersion<T>): Promise<void> {
    const { pool } = this.#options;
    const { id, loader, cancel, log } = managed;
    const label = formatServableId(id);
    try {
      this.#advance(managed, { kind: "request-load" });
      const estimate = await this.#reserve(managed, label);
      log.info(`Approving load for servable version ${label}`);
      log.info(`Loading servable version ${label}`);
      this.#granted.delete(managed);
      this.#advance(managed, { kind: "approve-load", estimate });
      const payload = await this.#retry(`Loading servable: ${label}`, managed, () =>
        loader.load(cancel.signal),
      );
      try {
        await pool.publish(id, payload);
      } catch (error) {
        await this.#withdraw(managed, payload);
        throw error;
      }
      log.info(`Successfully loaded servable version ${label}`);
      this.#advance(managed, { kind: "finish-loading", payload });
    } catch (error) {
      this.#fail(managed, "loaded", error);
    }
  }

  async #reserve(managed: ManagedVersion<T>, label: string): Promise<ResourceEstimate> {
    const { loader, cancel, log } = managed;
    const what = `Reserving resources for servable: ${label}`;
    try {
      const estimate = await this.#retry(what, managed, async () => {
        const wanted = await loader.estimate();
        await this.#grant(managed, wanted);
        return wanted;
      });
      log.info(`Successfully reserved resources to load servable ${label}`);
      return estimate;
    } catch (error) {
      if (cancel.signal.aborted || asStatusError(error).code === Code.RESOURCE_EXHAUSTED) throw error;
      const reason = asStatusError(error).message;
      throw internal(
        `Error while attempting to reserve resources to load servable ${label}: ${reason}`,
        error,
      );
    }
  }

  /** Waits for room as long as something is on its way in or out. */
  async #grant(managed: ManagedVersion<T>, { ramBytes }: ResourceEstimate): Promise<void> {
    const { ramLimitBytes } = this.#options;
    for (;;) {
      managed.cancel.signal.throwIfAborted();
      const taken = this.reservedRamBytes();
      if (taken + ramBytes <= ramLimitBytes) {
        this.#granted.set(managed, ramBytes);
        return;
      }
      if (this.#granted.size === 0 && ![...this.#versions()].some(({ state }) => MOVING.has(state.kind))) {
        throw resourceExhausted(
          `Insufficient resources to load servable ${formatServableId(managed.id)}: it takes about ${ramBytes} bytes of ` +
            `memory; of ${ramLimitBytes} bytes, other models take ${taken}`,
        );
      }
      await this.#change.promise;
    }
  }

  #retry<R>(what: string, { cancel, log }: ManagedVersion<T>, attempt: () => Promise<R>): Promise<R> {
    return retry(what, this.#options.retry, cancel.signal, log, attempt);
  }

  /** Takes back what was published only in part. */
  async #withdraw(managed: ManagedVersion<T>, payload: T): Promise<void> {
    try {
      await this.#options.pool.retire(managed.id);
      await managed.loader.unload(payload);
    } catch (error) {
      this.#logFailure(managed, "unloaded", toStatusData(error));
    }
  }

  async #unload(managed: ManagedVersion<T>, payload: T): Promise<void> {
    const { pool } = this.#options;
    const { log } = managed;
    const label = formatServableId(managed.id);
    try {
      this.#advance(managed, { kind: "start-quiescing" });
      log.info(`Quiescing servable version ${label}`);
      await pool.retire(managed.id);
      this.#advance(managed, { kind: "finish-quiescing" });
      log.info(`Done quiescing servable version ${label}`);
      this.#advance(managed, { kind: "start-unloading" });
      log.info(`Unloading servable version ${label}`);
      await managed.loader.unload(payload);
      this.#advance(managed, { kind: "finish-unloading" });
      log.info(`Done unloading servable version ${label}`);
    } catch (error) {
      this.#fail(managed, "unloaded", error);
    }
  }

  #fail(managed: ManagedVersion<T>, what: "loaded" | "unloaded", error: unknown): void {
    const status = toStatusData(error);
    if (error !== managed.cancel.signal.reason) this.#logFailure(managed, what, status);
    this.#advance(managed, { kind: "fail", status });
  }

  #logFailure({ id, log }: ManagedVersion<T>, what: "loaded" | "unloaded", status: StatusData): void {
    log.error(`Servable ${formatServableId(id)} cannot be ${what}: ${formatStatus(status)}`);
  }

  #advance(managed: ManagedVersion<T>, event: HarnessEvent<T>): void {
    const before = modelState(managed.state.kind);
    managed.state = transition(managed.state, event);
    if (modelState(managed.state.kind) !== before) this.#announce(managed);
  }

  #announce({ id, state }: ManagedVersion<T>): void {
    const status = state.kind === "error" ? state.status : OK;
    this.#options.bus.publish({ id, state: modelState(state.kind), status });
  }
}

const OK: StatusData = { code: Code.OK, message: "" };

const MOVING: ReadonlySet<HarnessKind> = new Set(["loading", "quiescing", "quiesced", "unloading"]);

const UNLOADED: ReadonlySet<HarnessKind> = new Set(["new", "load-requested", "loading"]);

function snapshot<T>(model: ManagedModel<T>): VersionSnapshot[] {
  return [...model.versions.values()].map(({ id, state }) => ({
    version: id.version,
    state: state.kind,
    aspired: model.aspired.has(id.version),
  }));
}

function cancelled(id: ServableId): StatusError {
  return new StatusError(
    Code.CANCELLED,
    `Load of servable ${formatServableId(id)} was cancelled: the version is no longer aspired`,
  );
}
