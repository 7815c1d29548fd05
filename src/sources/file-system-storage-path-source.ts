import { setTimeout as sleep } from "node:timers/promises";
import { isDeepStrictEqual } from "node:util";
import type { AspiredVersions, Source } from "../lifecycle/source.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError, Code, formatStatus } from "../status/status.ts";
import { type Entry, joinPath, type Storage } from "../storage/storage.ts";
import { type ServableVersionPolicy, versionsToAspire } from "./versions-to-aspire.ts";

/** A model and the folder that has a folder for each of its versions. */
export interface ServableToMonitor {
  readonly name: string;
  readonly basePath: string;
  readonly versionPolicy: ServableVersionPolicy;
}

/** tensorflow.serving.FileSystemStoragePathSourceConfig. */
export interface FileSystemStoragePathSourceConfig {
  readonly servables: readonly ServableToMonitor[];
  /** Seconds between polls. 0: one poll, at the start. Negative: none at all but those asked for. */
  readonly pollWaitSeconds: number;
  /** What is served stays when the base path is found empty. */
  readonly servableVersionsAlwaysPresent: boolean;
}

/**
 * Looks into the models' base paths again and again, and aspires to the versions that it finds there. Folders whose
 * names are no version numbers, and files, are passed over. A base path that can't be read leaves what is served as it
 * is; one that is empty ends it. Each model is polled on its own: a slow or failing storage holds up no other model.
 *
 * Texts and rules: TensorFlow Serving's file_system_storage_path_source.cc. Unlike there, what goes wrong is logged
 * when it changes, not at each poll.
 */
export class FileSystemStoragePathSource implements Source {
  readonly #config: Omit<FileSystemStoragePathSourceConfig, "servables">;
  readonly #storage: Storage;
  readonly #log: Logger;
  #pollers: ReadonlyMap<string, ServablePoller>;
  #emit: ((aspired: AspiredVersions) => void) | undefined;
  /** Resolves when the pollers that were let go have ended. */
  #ended: Promise<unknown> = Promise.resolve();

  constructor(config: FileSystemStoragePathSourceConfig, storage: Storage, log: Logger) {
    this.#config = config;
    this.#storage = storage;
    this.#log = log;
    this.#pollers = new Map(config.servables.map((servable) => [servable.name, this.#poller(servable)]));
  }

  start(emit: (aspired: AspiredVersions) => void): void {
    this.#emit = emit;
    for (const poller of this.#pollers.values()) poller.start(emit);
  }

  /**
   * Replaces the models to look at, once `start` was called: those that are missing now are un-aspired at once, new ones
   * and those of another base path or policy are looked at at once.
   * @returns resolves when these were looked at, with what keeps a model from being served, by name: nothing there,
   * or a base path that can't be read. It is looked for again with the next poll.
   */
  async updateConfig(servables: readonly ServableToMonitor[]): Promise<ReadonlyMap<string, string>> {
    const before = this.#pollers;
    const emit = this.#emit!;
    const pollers = new Map<string, ServablePoller>();
    const fresh: ServablePoller[] = [];
    for (const servable of servables) {
      const known = before.get(servable.name);
      if (known !== undefined && isDeepStrictEqual(known.servable, servable)) {
        pollers.set(servable.name, known);
        continue;
      }
      const poller = this.#poller(servable);
      pollers.set(servable.name, poller);
      fresh.push(poller);
    }
    this.#pollers = pollers;
    for (const [name, poller] of before) {
      if (pollers.get(name) === poller) continue;
      this.#letGo(poller);
      if (!pollers.has(name)) emit({ name, versions: [] });
    }
    for (const poller of fresh) poller.start(emit);
    if (this.#config.pollWaitSeconds < 0) return new Map();
    await Promise.all(fresh.map((poller) => poller.finished));
    return new Map(
      fresh.flatMap(({ servable, problem }) => (problem === undefined ? [] : [[servable.name, problem]])),
    );
  }

  /** Polls all models once more, after polls under way. Resolves when everything found was emitted. */
  async pollNow(): Promise<void> {
    await Promise.all([...this.#pollers.values()].map((poller) => poller.poll()));
  }

  async stop(): Promise<void> {
    for (const poller of this.#pollers.values()) this.#letGo(poller);
    await this.#ended;
  }

  #poller(servable: ServableToMonitor): ServablePoller {
    return new ServablePoller(servable, this.#config, this.#storage, this.#log);
  }

  #letGo(poller: ServablePoller): void {
    this.#ended = Promise.all([this.#ended, poller.stop()]);
  }
}

/** In milliseconds; Node turns longer ones into none. */
const LONGEST_TIMER = 2 ** 31 - 1;

/** Polls one model. Its polls follow each other. */
class ServablePoller {
  readonly servable: ServableToMonitor;
  /** Resolves when no poll is under way or waiting. */
  finished: Promise<void> = Promise.resolve();
  /** Why the last poll found nothing to serve. */
  problem: string | undefined;
  readonly #config: Omit<FileSystemStoragePathSourceConfig, "servables">;
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #stopped = new AbortController();
  #emit: ((aspired: AspiredVersions) => void) | undefined;
  #known: ReadonlySet<string> = new Set();

  constructor(
    servable: ServableToMonitor,
    config: Omit<FileSystemStoragePathSourceConfig, "servables">,
    storage: Storage,
    log: Logger,
  ) {
    this.servable = servable;
    this.#config = config;
    this.#storage = storage;
    this.#log = log;
  }

  start(emit: (aspired: AspiredVersions) => void): void {
    this.#emit = emit;
    void this.#keepPolling();
  }

  poll(): Promise<void> {
    this.finished = this.finished.then(() => this.#poll());
    return this.finished;
  }

  /** Nothing is emitted any more. Resolves when the storage is not in use any more. */
  stop(): Promise<void> {
    this.#emit = undefined;
    this.#stopped.abort();
    return this.finished;
  }

  async #keepPolling(): Promise<void> {
    const { signal } = this.#stopped;
    const { pollWaitSeconds } = this.#config;
    if (pollWaitSeconds < 0) return;
    const wait = Math.min(pollWaitSeconds * 1000, LONGEST_TIMER);
    do {
      await this.poll();
      if (pollWaitSeconds === 0) return;
      await sleep(wait, undefined, { signal }).catch(() => {});
    } while (!signal.aborted);
  }

  async #poll(): Promise<void> {
    if (this.#emit === undefined) return;
    const { servableVersionsAlwaysPresent } = this.#config;
    const { aspired, errors, warnings } = await look(
      this.servable,
      servableVersionsAlwaysPresent,
      this.#storage,
    );
    for (const error of errors) if (!this.#known.has(error)) this.#log.error(error);
    for (const warning of warnings) if (!this.#known.has(warning)) this.#log.warning(warning);
    this.#known = new Set([...errors, ...warnings]);
    const isEmpty = aspired === undefined || aspired.versions.length === 0;
    this.problem = isEmpty ? (errors[0] ?? warnings.at(-1)) : undefined;
    if (aspired !== undefined) this.#emit?.(aspired);
  }
}

interface Findings {
  /** `undefined`: nothing is known, or nothing may change. */
  readonly aspired?: AspiredVersions;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

async function look(
  servable: ServableToMonitor,
  alwaysPresent: boolean,
  storage: Storage,
): Promise<Findings> {
  const { name, basePath, versionPolicy } = servable;
  let entries: readonly Entry[];
  try {
    entries = await storage.list(basePath);
  } catch (error) {
    const status = asStatusError(error);
    const reason =
      status.code === Code.NOT_FOUND
        ? `Could not find base path ${basePath} for servable ${name} with error ${formatStatus(status)}`
        : status.message;
    const message = `FileSystemStoragePathSource encountered a filesystem access error: ${reason}`;
    return { errors: [message], warnings: [] };
  }
  const folders = entries.filter((entry) => entry.isDirectory).map((entry) => entry.name);
  const found = versionsToAspire(name, folders, versionPolicy);
  const versions = found.aspired.map(({ version, folder }) => ({
    version,
    path: joinPath(basePath, folder),
  }));
  if (versions.length > 0) return { aspired: { name, versions }, errors: [], warnings: found.warnings };
  const warning =
    `No versions of servable ${name} found under base path ${basePath}. ` +
    "Did you forget to name your leaf directory as a number (eg. '/1/')?";
  const warnings = [...found.warnings, warning];
  if (!alwaysPresent) return { aspired: { name, versions }, errors: [], warnings };
  return { errors: [`Refusing to unload all versions for Servable: ${name}`], warnings };
}
