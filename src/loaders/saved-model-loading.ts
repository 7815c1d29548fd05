import { create, toBinary } from "@bufbuild/protobuf";
import type { OnnxEngine } from "../engines/engine.ts";
import { type EngineSettings, IMPORT_ONLY } from "../engines/engine-choice.ts";
import { requireTensorFlow } from "../engines/tensorflow/library.ts";
import {
  openSavedModel,
  readSavedModelGraph,
  type SavedModelGraph,
} from "../formats/saved-model/saved-model.ts";
import type { ResourceEstimate } from "../lifecycle/loader.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import { SignatureDefMapSchema } from "../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import { type Logger, loggerAbout } from "../status/log.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import { outputsByChance } from "../verification/chance.ts";
import { choiceFor, type EngineSelection, firstSelection, selectionAfter } from "./engine-selection.ts";
import { assertNoFileUse, describeFileUse, fileUseOf } from "./file-permission.ts";
import { changingSignatures, freeImported, importModel } from "./imported-model.ts";
import { type BatchingOptions, modelBatching } from "./model-batching.ts";
import type { ImportedPayload, ServablePayload, TensorFlowPayload } from "./servable-payload.ts";
import { signaturesOf } from "./signatures.ts";
import { attachServable, ThreadEngines } from "./thread-engines.ts";
import { servesAfter, warmUpBoth } from "./verified-warmup.ts";

export interface SavedModelLoadingOptions {
  readonly storage: Storage;
  /** What runs imported models. */
  readonly engine: OnnxEngine;
  /** Which models run on which engine. Default: everything is imported. */
  readonly engines?: EngineSettings;
  /** Whether models may read and write files that aren't their own. Default: false. */
  readonly allowsFileOps?: boolean;
  /** The tags of the meta graph to serve. */
  readonly tags: readonly string[];
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
}

/** What there is of a version once its engine has it. */
type Loaded =
  | Omit<ImportedPayload, "id" | "signatures" | "signatureDefMap" | "batching">
  | Omit<TensorFlowPayload, "id" | "signatures" | "signatureDefMap" | "batching">;

/** A version that its engine has, and the keys of the signatures that change state. */
interface LoadedVersion {
  readonly loaded: Loaded;
  readonly changing: readonly string[];
}

/** What a version is loaded from. */
interface VersionSource {
  readonly id: ServableId;
  readonly path: string;
  readonly graph: SavedModelGraph;
  readonly signatures: ReadonlyMap<string, Signature>;
  readonly log: Logger;
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
    const { storage, tags } = this.#options;
    const graph = await readSavedModelGraph(storage, path, tags);
    const signatures = signaturesOf(graph.signatures);
    this.#checkFiles(graph, signatures, log);
    const payloadOf = ({ loaded }: LoadedVersion): ServablePayload => ({
      id,
      signatures,
      ...loaded,
      signatureDefMap: signatureDefMap(graph),
    });
    const version = await this.#warmedUp(
      await this.#onAnEngine(id, graph, signatures, log),
      { id, path, graph, signatures, log },
      payloadOf,
    );
    const payload = payloadOf(version);
    try {
      return { ...payload, batching: await this.#batching(path, payload, version.changing, log) };
    } catch (error) {
      await this.#free(payload);
      throw error;
    }
  }

  /** Asks what is to be asked first, on both engines if they are to be compared, and gives the version that serves. */
  async #warmedUp(
    version: LoadedVersion,
    { id, path, graph, signatures, log }: VersionSource,
    payloadOf: (version: LoadedVersion) => ServablePayload,
  ): Promise<LoadedVersion> {
    const { warmUp } = this.#options;
    if (warmUp === undefined) return version;
    const loaded = [version];
    let serving = version;
    try {
      const other = await this.#toCompareWith(version, path, graph, signatures, log);
      if (other === undefined) {
        await this.#using(payloadOf(version), (servable) => warmUp(servable, path));
        return version;
      }
      loaded.push(other);
      const incomparable = outputsByChance(graph.metaGraph, signatures);
      const comparison = await this.#using(payloadOf(version), (imported) =>
        this.#using(payloadOf(other), (tensorflow) =>
          warmUpBoth(imported, tensorflow, incomparable, (both) => warmUp(both, path)),
        ),
      );
      const choice = choiceFor(id.name, this.#options.engines ?? IMPORT_ONLY);
      if (servesAfter(comparison, choice, log) === "tensorflow") serving = other;
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
    graph: SavedModelGraph,
    signatures: ReadonlyMap<string, Signature>,
    log: Logger,
  ): Promise<LoadedVersion | undefined> {
    const { verifies } = this.#options;
    if (loaded.engine !== "onnxruntime" || verifies === undefined || !(await verifies(path)))
      return undefined;
    const settings = this.#options.engines ?? IMPORT_ONLY;
    try {
      const library = requireTensorFlow(settings.tensorflowLibrary);
      return await this.#withTensorFlow(library, graph, signatures, settings);
    } catch (error) {
      log.info(`Not compared with TensorFlow: ${asStatusError(error).message}`);
      return undefined;
    }
  }

  #checkFiles(graph: SavedModelGraph, signatures: ReadonlyMap<string, Signature>, log: Logger): void {
    const use = fileUseOf(graph, signatures);
    if (!this.#options.allowsFileOps) assertNoFileUse(use);
    const description = describeFileUse(use);
    if (description !== undefined) log.warning(`--allow_file_ops lets the model have ${description}`);
  }

  async #batching(path: string, payload: ServablePayload, changing: readonly string[], log: Logger) {
    const { storage, batching } = this.#options;
    if (batching === undefined) return undefined;
    const { parameters, requestWorkers } = batching;
    if (parameters !== "auto") {
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

  /** Loads with the engine that is asked for, or with the next if the first can't. */
  async #onAnEngine(
    { name }: ServableId,
    graph: SavedModelGraph,
    signatures: ReadonlyMap<string, Signature>,
    log: Logger,
  ): Promise<LoadedVersion> {
    const settings = this.#options.engines ?? IMPORT_ONLY;
    const say = ({ engine, reason }: EngineSelection) => log.info(`Engine: ${engine}; ${reason}`);
    const first = firstSelection(name, settings);
    if (first.engine === "tensorflow") {
      say(first);
      return this.#withTensorFlow(first.library, graph, signatures, settings);
    }
    try {
      const version = await this.#import(graph, signatures);
      say(first);
      return version;
    } catch (error) {
      const next = selectionAfter(error, name, settings);
      say(next);
      return this.#withTensorFlow(next.library, graph, signatures, settings);
    }
  }

  async #import(graph: SavedModelGraph, signatures: ReadonlyMap<string, Signature>): Promise<LoadedVersion> {
    const { storage, engine } = this.#options;
    const model = await openSavedModel(storage, graph);
    try {
      const imported = await importModel(model, signatures, engine, storage);
      return { loaded: { engine: "onnxruntime", ...imported }, changing: changingSignatures(imported) };
    } finally {
      model.close();
    }
  }

  async #withTensorFlow(
    library: string,
    { directory, metaGraph }: SavedModelGraph,
    signatures: ReadonlyMap<string, Signature>,
    { tensorflowSessions }: EngineSettings,
  ): Promise<LoadedVersion> {
    const { tags, allowsFileOps = false } = this.#options;
    const [engine, { loadTensorFlowModel }, { sessionConfig }] = await Promise.all([
      this.#engines.tensorflow(library),
      import("./tensorflow-model.ts"),
      import("../engines/tensorflow/session-config.ts"),
    ]);
    const source = { directory, tags, config: sessionConfig(tensorflowSessions) };
    const { model, changing } = loadTensorFlowModel(engine, source, metaGraph, signatures, allowsFileOps);
    return { loaded: { engine: "tensorflow", ...model }, changing };
  }

  async #free(loaded: Loaded): Promise<void> {
    if (loaded.engine === "onnxruntime") freeImported(loaded, this.#options.engine);
    else (await this.#engines.tensorflow(loaded.model.library)).destroy(loaded.model);
  }
}

function signatureDefMap({ metaGraph }: SavedModelGraph): Uint8Array {
  const { signatureDef } = metaGraph;
  return toBinary(SignatureDefMapSchema, create(SignatureDefMapSchema, { signatureDef }));
}

async function folderSize(storage: Storage, folder: string): Promise<number> {
  let size = 0;
  for (const { name, isDirectory } of await storage.list(folder)) {
    const path = joinPath(folder, name);
    size += isDirectory ? await folderSize(storage, path) : (await storage.stat(path)).size;
  }
  return size;
}
