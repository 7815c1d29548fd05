import { setTimeout as sleep } from "node:timers/promises";
import type { AspiredVersions } from "../lifecycle/source.ts";
import { LONGEST_TIMER } from "../longest-timer.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError, Code, formatStatus, type StatusError } from "../status/status.ts";
import { type Entry, joinPath, type Storage } from "../storage/storage.ts";
import { type FolderLook, isSettled, lookInto } from "./settling.ts";
import { type FoundVersions, type ServableVersionPolicy, versionsToAspire } from "./versions-to-aspire.ts";

/** A model and the folder that has a folder for each of its versions. */
export interface ServableToMonitor {
  readonly name: string;
  readonly basePath: string;
  readonly versionPolicy: ServableVersionPolicy;
}

/** How models are polled. */
export interface PollingConfig {
  /** Seconds between polls. 0: one poll, at the start. Negative: none at all but those asked for. */
  readonly pollWaitSeconds: number;
  /** What is served stays when the base path is found empty. */
  readonly servableVersionsAlwaysPresent: boolean;
  /**
   * A version is passed over until nothing in its folder has changed for so many milliseconds: it may still be on its
   * way. 0: none is.
   */
  readonly settleMilliseconds: number;
  /** Whether all of a version is there, so that it needn't settle. Default: never known. */
  readonly isComplete?: (path: string) => Promise<boolean>;
}

/** Polls one model's base path. Its polls follow each other. */
export class ServablePoller {
  readonly servable: ServableToMonitor;
  /** Resolves when no poll is under way or waiting. */
  finished: Promise<void> = Promise.resolve();
  /** Why the last poll found nothing to serve. */
  problem: string | undefined;
  readonly #config: PollingConfig;
  readonly #storage: Storage;
  readonly #log: Logger;
  readonly #stopped = new AbortController();
  #emit: ((aspired: AspiredVersions) => void) | undefined;
  #known: ReadonlySet<string> = new Set();
  /** Folders that were found complete. */
  readonly #served = new Set<string>();
  /** Folders that are waited for. */
  #unsettled = new Map<string, FolderLook>();

  constructor(servable: ServableToMonitor, config: PollingConfig, storage: Storage, log: Logger) {
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
    const { pollWaitSeconds, settleMilliseconds } = this.#config;
    if (pollWaitSeconds < 0) return;
    for (;;) {
      await this.poll();
      const settling = this.#unsettled.size > 0;
      if (signal.aborted || (pollWaitSeconds === 0 && !settling)) return;
      const longest = pollWaitSeconds === 0 ? LONGEST_TIMER : Math.min(pollWaitSeconds * 1000, LONGEST_TIMER);
      const wait = settling ? Math.min(longest, settleMilliseconds / 2) : longest;
      await sleep(wait, undefined, { signal }).catch(() => {});
    }
  }

  async #poll(): Promise<void> {
    if (this.#emit === undefined) return;
    const { aspired, errors, warnings } = await this.#look();
    for (const error of errors) if (!this.#known.has(error)) this.#log.error(error);
    for (const warning of warnings) if (!this.#known.has(warning)) this.#log.warning(warning);
    this.#known = new Set([...errors, ...warnings]);
    const isEmpty = aspired === undefined || aspired.versions.length === 0;
    this.problem = isEmpty ? (errors[0] ?? warnings.at(-1)) : undefined;
    if (aspired !== undefined) this.#emit?.(aspired);
  }

  async #look(): Promise<Findings> {
    const { name, basePath, versionPolicy } = this.servable;
    const { servableVersionsAlwaysPresent } = this.#config;
    let entries: readonly Entry[];
    try {
      entries = await this.#storage.list(basePath);
    } catch (error) {
      return { errors: [listingError(this.servable, asStatusError(error))], warnings: [] };
    }
    const folders = entries.filter((entry) => entry.isDirectory).map((entry) => entry.name);
    const found = await this.#settled(folders, (settled) => versionsToAspire(name, settled, versionPolicy));
    const versions = found.aspired.map(({ version, folder }) => ({
      version,
      path: joinPath(basePath, folder),
    }));
    if (versions.length > 0) return { aspired: { name, versions }, errors: [], warnings: found.warnings };
    if (this.#unsettled.size > 0) return { errors: [], warnings: found.warnings };
    const warning =
      `No versions of servable ${name} found under base path ${basePath}. ` +
      "Did you forget to name your leaf directory as a number (eg. '/1/')?";
    const warnings = [...found.warnings, warning];
    if (!servableVersionsAlwaysPresent) return { aspired: { name, versions }, errors: [], warnings };
    return { errors: [`Refusing to unload all versions for Servable: ${name}`], warnings };
  }

  /** Chooses among the folders, leaving out what it chose as long as that is still written to. */
  async #settled(
    folders: readonly string[],
    choose: (folders: readonly string[]) => FoundVersions,
  ): Promise<FoundVersions> {
    const before = this.#unsettled;
    this.#unsettled = new Map();
    for (const path of this.#served) if (!folders.includes(path)) this.#served.delete(path);
    for (;;) {
      const found = choose(folders.filter((folder) => !this.#unsettled.has(folder)));
      const fresh = found.aspired.filter(({ folder }) => !this.#served.has(folder));
      const looks = await Promise.all(
        fresh.map(({ folder }) => this.#unsettledLook(folder, before.get(folder))),
      );
      for (const [i, { folder }] of fresh.entries()) {
        const look = looks[i];
        if (look !== undefined) this.#unsettled.set(folder, look);
      }
      if (looks.every((look) => look === undefined)) {
        for (const { folder } of found.aspired) this.#served.add(folder);
        return found;
      }
    }
  }

  /** What a folder looks like that is still written to; undefined for one that can be loaded. */
  async #unsettledLook(folder: string, before: FolderLook | undefined): Promise<FolderLook | undefined> {
    const { settleMilliseconds, isComplete } = this.#config;
    if (settleMilliseconds <= 0) return undefined;
    const path = joinPath(this.servable.basePath, folder);
    let look: FolderLook;
    try {
      look = await lookInto(this.#storage, path);
    } catch {
      // Something in it went away, or can't be read yet.
      look = { content: "", changed: Number.POSITIVE_INFINITY, at: performance.now() };
    }
    if (isSettled(look, before, Date.now(), settleMilliseconds)) return undefined;
    if (isComplete !== undefined && (await isComplete(path))) return undefined;
    if (before === undefined) {
      this.#log.info(`${path} is still being written to: it is loaded when that is over`);
    }
    // The first of looks that are the same counts.
    return before?.content === look.content ? before : look;
  }
}

interface Findings {
  /** `undefined`: nothing is known, or nothing may change. */
  readonly aspired?: AspiredVersions;
  readonly errors: readonly string[];
  readonly warnings: readonly string[];
}

function listingError({ name, basePath }: ServableToMonitor, status: StatusError): string {
  const reason =
    status.code === Code.NOT_FOUND
      ? `Could not find base path ${basePath} for servable ${name} with error ${formatStatus(status)}`
      : status.message;
  return `FileSystemStoragePathSource encountered a filesystem access error: ${reason}`;
}
