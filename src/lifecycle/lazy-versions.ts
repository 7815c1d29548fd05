import { type Logger, loggerAbout } from "../status/log.ts";
import { asStatusError, resourceExhausted } from "../status/status.ts";
import type { Loader } from "./loader.ts";
import type { ServingPool } from "./manager.ts";
import { formatServableId, type ServableId } from "./servable.ts";

/** What workers get of a version that is loaded when it is asked for. */
export interface LazyPayload<T> {
  readonly id: ServableId;
  /** Undefined while it isn't in memory. */
  readonly loaded: T | undefined;
  /** A double that workers set to when the version was last asked for, on the clock of `Date.now()`. */
  readonly lastUse: SharedArrayBuffer;
}

export interface LazyOptions<T> {
  /** May publish a version anew, with or without what was loaded; that resolves when no worker uses the former any more. */
  readonly pool: ServingPool<LazyPayload<T>>;
  /** A version that nobody has asked for so long is unloaded. 0: none is, unless its memory is needed. */
  readonly idleSeconds: number;
  /** What all versions in memory may take, by their estimates. */
  readonly ramLimitBytes: number;
  readonly log: Logger;
  /** Milliseconds; default: `Date.now`. */
  readonly now?: () => number;
}

interface LazyVersion<T> {
  readonly id: ServableId;
  readonly loader: Loader<T>;
  readonly lastUse: Float64Array<SharedArrayBuffer>;
  loaded: T | undefined;
  /** What is taken of the limit. */
  bytes: number;
  /** Ends when the last transition ends, which each next one waits for; never rejects. */
  settled: Promise<void>;
  /** Of the load that is under way or waits. */
  loading: Promise<void> | undefined;
  failure: { readonly error: unknown; readonly until: number } | undefined;
  /** Whether workers have it, which the manager sees to. */
  published: boolean;
  retired: boolean;
}

/** So long requests get the error of a load that failed, and no other is tried. */
const FAILED_MILLISECONDS = 1000;

/**
 * Versions that are served as soon as they are found, loaded when the first request comes, and unloaded when none has come for
 * a while, or when another needs the memory: the one whose last request is the longest ago goes first. Stands between the manager,
 * for which such a version is loaded at once and takes nothing, and the loaders and the pool.
 */
export class LazyVersions<T> {
  readonly #options: LazyOptions<T>;
  readonly #now: () => number;
  readonly #versions = new Map<string, LazyVersion<T>>();
  /** The manager's. */
  readonly pool: ServingPool<LazyPayload<T>>;

  constructor(options: LazyOptions<T>) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
    this.pool = {
      publish: async (id, payload) => {
        await options.pool.publish(id, payload);
        const version = this.#versions.get(formatServableId(id));
        if (version !== undefined) version.published = true;
      },
      retire: async (id) => {
        const version = this.#versions.get(formatServableId(id));
        if (version !== undefined) {
          version.retired = true;
          await version.settled;
        }
        return options.pool.retire(id);
      },
    };
  }

  /**
   * The manager's loader for a version. A version of a model of which another is in memory is loaded at once: nobody shall wait
   * for the newer one.
   */
  lazy(loader: Loader<T>): Loader<LazyPayload<T>> {
    const { id } = loader;
    return {
      id,
      estimate: async () => ({ ramBytes: 0 }),
      load: async () => {
        const isNeeded = [...this.#versions.values()].some(
          (other) => other.id.name === id.name && other.loaded !== undefined && !other.retired,
        );
        const version: LazyVersion<T> = {
          id,
          loader,
          lastUse: new Float64Array(new SharedArrayBuffer(Float64Array.BYTES_PER_ELEMENT)),
          loaded: undefined,
          bytes: 0,
          settled: Promise.resolve(),
          loading: undefined,
          failure: undefined,
          published: false,
          retired: false,
        };
        version.lastUse[0] = this.#now();
        this.#versions.set(formatServableId(id), version);
        if (isNeeded) await this.#load(version);
        return payloadOf(version);
      },
      unload: async () => {
        const version = this.#versions.get(formatServableId(id))!;
        this.#versions.delete(formatServableId(id));
        await version.settled;
        if (version.loaded !== undefined) await loader.unload(version.loaded);
      },
    };
  }

  /**
   * Loads a version that a request has come for. Resolves when every worker has it, or if it isn't there any more.
   * @throws StatusError (rejects) of the load, or RESOURCE_EXHAUSTED if others that are in use leave too little memory.
   */
  demand(id: ServableId): Promise<void> {
    const version = this.#versions.get(formatServableId(id));
    if (version === undefined || version.retired) return Promise.resolve();
    const { failure } = version;
    if (failure !== undefined && this.#now() < failure.until) return Promise.reject(failure.error);
    version.loading ??= this.#inTurn(version, async () => {
      if (version.retired || version.loaded !== undefined) return;
      await this.#load(version);
      await this.#options.pool.publish(id, payloadOf(version));
    }).finally(() => {
      version.loading = undefined;
    });
    return version.loading;
  }

  /** Unloads what nobody has asked for so long. To be called from time to time; never rejects. */
  async sweep(): Promise<void> {
    const { idleSeconds } = this.#options;
    if (idleSeconds <= 0) return;
    const isIdle = (version: LazyVersion<T>) => this.#now() - version.lastUse[0]! >= idleSeconds * 1000;
    const unloaded = this.#inMemory()
      .filter(isIdle)
      .map((version) =>
        this.#inTurn(version, () => this.#unload(version, isIdle)).catch((error: unknown) => {
          loggerAbout(this.#options.log, version.id).error(
            `Unloading failed: ${asStatusError(error).message}`,
          );
        }),
      );
    await Promise.all(unloaded);
  }

  /** One after the other. @throws rejects with what the step throws. */
  #inTurn(version: LazyVersion<T>, step: () => Promise<void>): Promise<void> {
    const done = version.settled.then(step);
    version.settled = done.catch(() => {});
    return done;
  }

  async #load(version: LazyVersion<T>): Promise<void> {
    const { id, loader } = version;
    try {
      const { ramBytes } = await loader.estimate();
      await this.#makeRoom(version, ramBytes);
      version.loaded = await loader.load(new AbortController().signal);
      // Not as long ago as the load took: those who wait for it come now.
      version.lastUse[0] = this.#now();
      version.failure = undefined;
    } catch (error) {
      version.bytes = 0;
      version.failure = { error, until: this.#now() + FAILED_MILLISECONDS };
      throw error;
    }
    loggerAbout(this.#options.log, id).info(`Loaded servable version ${formatServableId(id)} for a request`);
  }

  /** Takes so many bytes of the limit. */
  async #makeRoom(version: LazyVersion<T>, bytes: number): Promise<void> {
    const { ramLimitBytes } = this.#options;
    for (;;) {
      const taken = this.takenBytes();
      if (taken + bytes <= ramLimitBytes) break;
      const [oldest] = this.#inMemory().toSorted((a, b) => a.lastUse[0]! - b.lastUse[0]!);
      const moving = [...this.#versions.values()].find(
        (other) => other !== version && other.loading !== undefined && other.bytes > 0,
      );
      if (oldest === undefined && moving !== undefined) {
        await moving.settled;
        // Whoever waits for that one is answered before it goes again.
        await new Promise(setImmediate);
        continue;
      }
      if (oldest === undefined) {
        throw resourceExhausted(
          `Insufficient resources to load servable ${formatServableId(version.id)}: it takes about ${bytes} bytes of ` +
            `memory; of ${ramLimitBytes} bytes, other models take ${taken}`,
        );
      }
      await this.#inTurn(oldest, () => this.#unload(oldest, () => true));
    }
    version.bytes = bytes;
  }

  /** Those that may be unloaded. */
  #inMemory(): LazyVersion<T>[] {
    return [...this.#versions.values()].filter(
      ({ loaded, published, retired }) => loaded !== undefined && published && !retired,
    );
  }

  /** Bytes of all versions that are in memory or on their way there. */
  takenBytes(): number {
    let sum = 0;
    for (const { bytes } of this.#versions.values()) sum += bytes;
    return sum;
  }

  async #unload(version: LazyVersion<T>, isStillWanted: (version: LazyVersion<T>) => boolean): Promise<void> {
    const { id, loaded } = version;
    if (version.retired || loaded === undefined || !isStillWanted(version)) return;
    version.loaded = undefined;
    await this.#options.pool.publish(id, payloadOf(version));
    await version.loader.unload(loaded);
    version.bytes = 0;
    loggerAbout(this.#options.log, id).info(
      `Unloaded servable version ${formatServableId(id)}, as nobody asks for it`,
    );
  }
}

function payloadOf<T>({ id, loaded, lastUse }: LazyVersion<T>): LazyPayload<T> {
  return { id, loaded, lastUse: lastUse.buffer };
}
