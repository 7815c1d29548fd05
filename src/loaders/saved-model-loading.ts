import { IMPORT_ONLY } from "../engines/engine-choice.ts";
import { openIndexedBundle, variablesPrefix } from "../formats/saved-model/stored-bundle.ts";
import type { ResourceEstimate } from "../lifecycle/loader.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import { type Logger, loggerAbout } from "../status/log.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";
import { choiceFor, firstSelection } from "./engine-selection.ts";
import type { CachePlace, ImportCache } from "./import-cache/import-cache.ts";
import { changingSignatures, createModel, freeImported } from "./imported-model.ts";
import type { Loaded, LoadedVersion } from "./loaded-version.ts";
import type { BatchingOptions } from "./model-batching.ts";
import type { ServablePayload } from "./servable-payload.ts";
import { attachServable, ThreadEngines } from "./thread-engines.ts";
import type { ComparableVersion, ReadingOptions, VersionReader } from "./version-reading.ts";

export interface SavedModelLoadingOptions extends ReadingOptions {
  readonly log: Logger;
  /**
   * Asks a version what its folder says it should be asked before it is served. Default: nothing.
   * @throws StatusError (rejects), which then fails the load.
   */
  readonly warmUp?: (servable: Servable, path: string) => Promise<void>;
  /**
   * Imported versions for whose folder it says so are compared with TensorFlow, in what `warmUp` asks; where they
   * differ, TensorFlow runs the version. Default: none.
   */
  readonly verifies?: (path: string) => Promise<boolean>;
  /** Default: no requests are batched. */
  readonly batching?: BatchingOptions | undefined;
  /** What was imported before. Default: nothing is kept. */
  readonly importCache?: ImportCache | undefined;
}

/** Reads SavedModels, has an engine load them, and frees them: the work of a loader thread. */
export class SavedModelLoading {
  readonly #options: SavedModelLoadingOptions;
  readonly #engines: ThreadEngines;

  constructor(options: SavedModelLoadingOptions) {
    this.#options = options;
    this.#engines = new ThreadEngines(options.engine);
  }

  /** The size of the model's files: weights are held once, and graphs are small beside them. */
  async estimate(path: string): Promise<ResourceEstimate> {
    return { ramBytes: await folderSize(this.#options.storage, path) };
  }

  /**
   * @param path the version's folder.
   * @throws StatusError that says what is wrong with the model; nothing stays allocated then.
   */
  async load(id: ServableId, path: string): Promise<ServablePayload> {
    const { tags } = this.#options;
    const log = loggerAbout(this.#options.log, id);
    const start = performance.now();
    const label = `{ ${tags.join(" ")} }`;
    log.info(`Reading SavedModel from: ${path}`);
    try {
      const payload = await this.#load(id, path, log);
      const took = Math.round((performance.now() - start) * 1000);
      log.info(`SavedModel load for tags ${label}; Status: success: OK. Took ${took} microseconds.`);
      return payload;
    } catch (error) {
      const took = Math.round((performance.now() - start) * 1000);
      const status = formatStatus(asStatusError(error));
      log.info(`SavedModel load for tags ${label}; Status: fail: ${status}. Took ${took} microseconds.`);
      throw error;
    }
  }

  async unload(payload: ServablePayload): Promise<void> {
    await this.#free(payload);
  }

  async #load(id: ServableId, path: string, log: Logger): Promise<ServablePayload> {
    const place = await this.#options.importCache?.place(path);
    const read = (await this.#stored(id, path, log, place)) ?? (await this.#read(id, path, log, place));
    const version = await this.#warmedUp(read, id, path, log);
    const payload = payloadOf(id, version);
    try {
      return { ...payload, batching: await this.#batching(path, payload, version.changing, log) };
    } catch (error) {
      await this.#free(version.loaded);
      throw error;
    }
  }

  /** Asks what is to be asked first, on both engines if they are to be compared, and gives the version that serves. */
  async #warmedUp(version: LoadedVersion, id: ServableId, path: string, log: Logger): Promise<LoadedVersion> {
    const { warmUp, engines = IMPORT_ONLY } = this.#options;
    if (warmUp === undefined) return version;
    const loaded = [version];
    let serving = version;
    try {
      const other = await this.#toCompareWith(version, path, log);
      if (other === undefined) {
        await this.#using(payloadOf(id, version), (servable) => warmUp(servable, path));
        return version;
      }
      loaded.push(other.version);
      const { servesAfter, warmUpBoth } = await import("./verified-warmup.ts");
      const comparison = await this.#using(payloadOf(id, version), (imported) =>
        this.#using(payloadOf(id, other.version), (tensorflow) =>
          warmUpBoth(imported, tensorflow, other.incomparable, (both) => warmUp(both, path)),
        ),
      );
      if (servesAfter(comparison, choiceFor(id.name, engines), log) === "tensorflow") serving = other.version;
    } catch (error) {
      for (const each of loaded) await this.#free(each.loaded);
      throw error;
    }
    for (const each of loaded) if (each !== serving) await this.#free(each.loaded);
    return serving;
  }

  /** The same version on TensorFlow, if it is to be compared and can be. */
  async #toCompareWith(
    { loaded }: LoadedVersion,
    path: string,
    log: Logger,
  ): Promise<ComparableVersion | undefined> {
    const { verifies } = this.#options;
    if (loaded.engine !== "onnxruntime" || !(await verifies?.(path))) return undefined;
    try {
      return await (await this.#reader()).readOnTensorFlow(path);
    } catch (error) {
      log.info(`Not compared with TensorFlow: ${asStatusError(error).message}`);
      return undefined;
    }
  }

  /** The version as it was imported before, if it was, and is to be imported. */
  async #stored(
    { name }: ServableId,
    path: string,
    log: Logger,
    place: CachePlace | undefined,
  ): Promise<LoadedVersion | undefined> {
    const { storage, engine, engines = IMPORT_ONLY } = this.#options;
    if (place === undefined) return undefined;
    const selection = firstSelection(name, engines);
    if (selection.engine !== "onnxruntime") return undefined;
    const stored = await place.read();
    if (stored === undefined) return undefined;
    try {
      const { index } = stored;
      const variables = index && (await openIndexedBundle(storage, variablesPrefix(path), index));
      try {
        const version = stored.version(variables);
        const { model } = await createModel(version, engine);
        log.info(`Engine: ${selection.engine}; ${selection.reason}; imported before`);
        const { signatures, signatureDefMap } = version;
        const changing = changingSignatures(model);
        return { loaded: { engine: "onnxruntime", ...model }, signatures, signatureDefMap, changing };
      } finally {
        variables?.close();
      }
    } catch (error) {
      // The import finds out whether it is the model's fault.
      log.info(`What was imported before can't be used: ${formatStatus(asStatusError(error))}`);
      return undefined;
    }
  }

  async #read({ name }: ServableId, path: string, log: Logger, place: CachePlace | undefined) {
    return (await this.#reader()).read(name, path, log, place);
  }

  /** The importer takes 300 ms to load, and most starts find their models imported. */
  async #reader(): Promise<VersionReader> {
    const { VersionReader } = await import("./version-reading.ts");
    return new VersionReader(this.#options, this.#engines);
  }

  async #batching(path: string, payload: ServablePayload, changing: readonly string[], log: Logger) {
    const { storage, batching } = this.#options;
    if (batching === undefined) return undefined;
    const { parameters, requestWorkers } = batching;
    if (parameters !== "auto") {
      const { modelBatching } = await import("./model-batching.ts");
      return modelBatching(storage, path, [...payload.signatures.keys()], changing, {
        parameters,
        requestWorkers,
      });
    }
    const { autoBatching } = await import("./auto-batching.ts");
    return this.#using(payload, (servable) => autoBatching(servable, changing, requestWorkers, log));
  }

  async #using<R>(payload: ServablePayload, act: (servable: Servable) => Promise<R>): Promise<R> {
    // No other thread has the version yet: any number is free in its lock.
    const servable = await attachServable(payload, this.#engines, 0);
    try {
      return await act(servable);
    } finally {
      servable.release();
    }
  }

  async #free(loaded: Loaded): Promise<void> {
    if (loaded.engine === "onnxruntime") freeImported(loaded, this.#options.engine);
    else (await this.#engines.tensorflow(loaded.model.library)).destroy(loaded.model);
  }
}

function payloadOf(id: ServableId, { loaded, signatures, signatureDefMap }: LoadedVersion): ServablePayload {
  return { id, signatures, ...loaded, signatureDefMap };
}

async function folderSize(storage: Storage, folder: string): Promise<number> {
  let size = 0;
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = joinPath(folder, name);
    size += isDirectory ? await folderSize(storage, path) : (await storage.stat(path)).size;
  }
  return size;
}
