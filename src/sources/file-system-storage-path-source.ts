import { isDeepStrictEqual } from "node:util";
import type { AspiredVersions, Source } from "../lifecycle/source.ts";
import type { Logger } from "../status/log.ts";
import type { Storage } from "../storage/storage.ts";
import { type PollingConfig, ServablePoller, type ServableToMonitor } from "./servable-poller.ts";

/** tensorflow.serving.FileSystemStoragePathSourceConfig. */
export interface FileSystemStoragePathSourceConfig extends PollingConfig {
  readonly servables: readonly ServableToMonitor[];
}

/**
 * Looks into the models' base paths again and again, and aspires to the versions that it finds there. Folders whose
 * names are no version numbers, and files, are passed over, and for a while versions that are still written to. A base path that can't be read leaves what is served as it
 * is; one that is empty ends it. Each model is polled on its own: a slow or failing storage holds up no other model.
 *
 * Texts and rules: TensorFlow Serving's file_system_storage_path_source.cc. Unlike there, what goes wrong is logged
 * when it changes, not at each poll.
 */
export class FileSystemStoragePathSource implements Source {
  readonly #config: PollingConfig;
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
