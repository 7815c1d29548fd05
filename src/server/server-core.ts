import { isDeepStrictEqual } from "node:util";
import type { ModelConfig } from "../config/model-server-config.ts";
import { AvailabilityWait } from "../lifecycle/availability.ts";
import type { VersionLabels } from "../lifecycle/servable.ts";
import type { AspiredVersions } from "../lifecycle/source.ts";
import type { StateBus } from "../lifecycle/state-bus.ts";
import type { RequestLoggings } from "../request-log/request-logging.ts";
import type { FileSystemStoragePathSource } from "../sources/file-system-storage-path-source.ts";
import type { Logger } from "../status/log.ts";
import { invalidArgument } from "../status/status.ts";
import { versionLabelsOf } from "./version-labels.ts";

/** The threads that answer requests, as far as the configuration concerns them. */
export interface ConfiguredPool {
  /** Resolves when every worker answers by them. */
  setModels(names: readonly string[], labels: VersionLabels, loggings: RequestLoggings): Promise<void>;
}

export interface ServerCoreOptions {
  readonly source: FileSystemStoragePathSource;
  readonly bus: StateBus;
  readonly pool: ConfiguredPool;
  /** --allow_version_labels_for_unavailable_models. */
  readonly allowVersionLabelsForUnavailableModels: boolean;
  readonly log: Logger;
}

/** What the start waits for: `all` is TensorFlow Serving's rule. */
export type StartWait = "all" | "any" | "none";

/**
 * Which models are served, and by which labels; takes another configuration in the place of the one it has. Runs on the
 * control thread. Rules and texts: TensorFlow Serving's server_core.cc.
 */
export class ServerCore {
  readonly #options: ServerCoreOptions;
  #models: readonly ModelConfig[] = [];
  #labels: VersionLabels = new Map();
  /** Those of reloads whose models aren't there yet. */
  readonly #waits = new Set<AvailabilityWait>();
  #applied: Promise<unknown> = Promise.resolve();

  constructor(options: ServerCoreOptions) {
    this.#options = options;
  }

  /**
   * @param emit takes what the source finds.
   * @returns resolves when the models that the start waits for are served.
   * @throws StatusError (rejects) FAILED_PRECONDITION for a label of a version that isn't available, UNKNOWN if models
   * failed to load for good.
   */
  async start(
    models: readonly ModelConfig[],
    emit: (aspired: AspiredVersions) => void,
    enough: StartWait,
  ): Promise<void> {
    const { bus, source } = this.#options;
    const names = enough === "none" ? [] : models.map(({ name }) => name);
    const wait = new AvailabilityWait(bus, names, {
      noun: "servable",
      enough: enough === "any" ? "any" : "all",
    });
    source.start(emit);
    const { found } = await this.#apply(models);
    void found.then((missing) => this.#sayWhatTheStartWaitsFor([...missing.keys()], enough));
    await wait.done;
  }

  /** Who misspelt a path would else see an error, and then nothing. */
  #sayWhatTheStartWaitsFor(missing: readonly string[], enough: StartWait): void {
    if (missing.length === 0 || enough === "none") return;
    if (enough === "any" && missing.length < this.#models.length) return;
    this.#options.log.warning(
      `No port is open before there is something to serve for ${missing.join(", ")}: it is looked for again and again, ` +
        "and --wait_for_models says what the start waits for",
    );
  }

  /**
   * Takes a whole new configuration. What is wrong with it leaves everything as it was. A model that can't be served
   * doesn't keep others from it, nor a later reload.
   * @param models undefined: no change.
   * @returns resolves when the models that are new with it are served.
   * @throws StatusError (rejects) INVALID_ARGUMENT or FAILED_PRECONDITION for a configuration that can't be taken;
   * UNKNOWN that lists the new models that can't be served, or not yet.
   */
  async reload(models: readonly ModelConfig[] | undefined): Promise<void> {
    const { log } = this.#options;
    if (models === undefined) {
      log.info("Taking no action for empty config.");
      return;
    }
    const applied = this.#applied.then(() => this.#replace(models));
    this.#applied = applied.catch(() => {});
    const { wait, found } = await applied;
    const forget = () => this.#waits.delete(wait);
    wait.done.then(forget, forget);
    for (const [name, problem] of await found) wait.fail(name, problem);
    await wait.done;
  }

  /** Resolves when the configuration has been taken, with what to wait for then. */
  async #replace(models: readonly ModelConfig[]) {
    const { bus } = this.#options;
    const before = new Map(this.#models.map((model) => [model.name, model]));
    requireSamePlatforms(before, models);
    const names = new Set(models.map(({ name }) => name));
    const fresh = [...names].filter((name) => !before.has(name));
    const wait = new AvailabilityWait(bus, fresh, { noun: "model", fresh: true });
    const { found } = await this.#apply(models);
    for (const { name } of before.values()) {
      if (names.has(name)) continue;
      for (const earlier of this.#waits) earlier.fail(name, "ABORTED: A later reload took the model away");
    }
    this.#waits.add(wait);
    return { wait, found };
  }

  /** Resolves when the workers know the configuration. `found` is what the source says once it has looked. */
  async #apply(
    models: readonly ModelConfig[],
  ): Promise<{ readonly found: Promise<ReadonlyMap<string, string>> }> {
    const { source, bus, pool, log, allowVersionLabelsForUnavailableModels } = this.#options;
    const status = (name: string) => bus.status(name);
    const labels = versionLabelsOf(models, this.#labels, status, allowVersionLabelsForUnavailableModels);
    if (isDeepStrictEqual([models, labels], [this.#models, this.#labels])) return { found: NOTHING };
    log.info("Adding/updating models.");
    for (const { name } of models) log.info(` (Re-)adding model: ${name}`);
    this.#models = models;
    this.#labels = labels;
    const found = source.updateConfig(
      models.map(({ name, basePath, versionPolicy }) => ({ name, basePath, versionPolicy })),
    );
    await pool.setModels(
      models.map(({ name }) => name),
      labels,
      loggingsOf(models),
    );
    log.info("Finished adding/updating models");
    return { found };
  }
}

const NOTHING: Promise<ReadonlyMap<string, string>> = Promise.resolve(new Map());

function loggingsOf(models: readonly ModelConfig[]): RequestLoggings {
  return new Map(
    models.flatMap(({ name, requestLogging }) =>
      requestLogging === undefined ? [] : [[name, requestLogging]],
    ),
  );
}

function requireSamePlatforms(
  before: ReadonlyMap<string, ModelConfig>,
  models: readonly ModelConfig[],
): void {
  for (const { name, platform } of models) {
    const old = before.get(name)?.platform;
    if (old === undefined || old === platform) continue;
    throw invalidArgument(
      `Illegal to change a model's platform. For model ${name} platform was ${old} and new platform requested is ${platform}`,
    );
  }
}
