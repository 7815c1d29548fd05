import type { OnnxEngine } from "../engines/engine.ts";
import { type EngineSettings, IMPORT_ONLY } from "../engines/engine-choice.ts";
import { requireTensorFlow } from "../engines/tensorflow/library.ts";
import {
  openSavedModel,
  readSavedModelGraph,
  type SavedModelGraph,
} from "../formats/saved-model/saved-model.ts";
import type { Logger } from "../status/log.ts";
import type { Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import { outputsByChance } from "../verification/chance.ts";
import type { IncomparableOutputs } from "../verification/comparison.ts";
import { compileVersion, signatureDefMap } from "./compile-version.ts";
import { type EngineSelection, firstSelection, selectionAfter } from "./engine-selection.ts";
import { assertNoFileUse, describeFileUse, fileUseOf } from "./file-permission.ts";
import type { CachePlace } from "./import-cache/import-cache.ts";
import { encodeImport } from "./import-cache/stored-import.ts";
import { changingSignatures, createModel } from "./imported-model.ts";
import type { LoadedVersion } from "./loaded-version.ts";
import { signaturesOf } from "./signatures.ts";
import type { ThreadEngines } from "./thread-engines.ts";

export interface ReadingOptions {
  readonly storage: Storage;
  /** What runs imported models. */
  readonly engine: OnnxEngine;
  /** Which models run on which engine. Default: everything is imported. */
  readonly engines?: EngineSettings;
  /** Whether models may read and write files that aren't their own. Default: false. */
  readonly allowsFileOps?: boolean;
  /** The tags of the meta graph to serve. */
  readonly tags: readonly string[];
}

/** A version on TensorFlow that another is to be compared with, and what of it no two runs have in common. */
export interface ComparableVersion {
  readonly version: LoadedVersion;
  readonly incomparable: IncomparableOutputs;
}

/**
 * Reads a version from its files, and has an engine load it: the one that is asked for, or the next if the first can't.
 * It brings the importer with it.
 */
export class VersionReader {
  readonly #options: ReadingOptions;
  readonly #engines: ThreadEngines;

  constructor(options: ReadingOptions, engines: ThreadEngines) {
    this.#options = options;
    this.#engines = engines;
  }

  /**
   * @param place where to keep what is imported.
   * @throws StatusError (rejects) that says what is wrong with the model; nothing stays allocated then.
   */
  async read(
    model: string,
    path: string,
    log: Logger,
    place: CachePlace | undefined,
  ): Promise<LoadedVersion> {
    const { storage, tags, engines: settings = IMPORT_ONLY } = this.#options;
    const graph = await readSavedModelGraph(storage, path, tags);
    const signatures = signaturesOf(graph.signatures);
    const usesFiles = this.#checkFiles(graph, signatures, log);
    const say = ({ engine, reason }: EngineSelection) => log.info(`Engine: ${engine}; ${reason}`);
    const first = firstSelection(model, settings);
    if (first.engine === "tensorflow") {
      say(first);
      return this.#withTensorFlow(first.library, graph, signatures, settings);
    }
    try {
      // What files hold may be other things the next time.
      const version = await this.#import(graph, signatures, usesFiles ? undefined : place);
      say(first);
      return version;
    } catch (error) {
      const next = selectionAfter(error, model, settings);
      say(next);
      return this.#withTensorFlow(next.library, graph, signatures, settings);
    }
  }

  /**
   * Has TensorFlow load a version that was imported, to compare the two.
   * @throws StatusError (rejects) if TensorFlow isn't installed or can't load it.
   */
  async readOnTensorFlow(path: string): Promise<ComparableVersion> {
    const { storage, tags, engines: settings = IMPORT_ONLY } = this.#options;
    const library = requireTensorFlow(settings.tensorflowLibrary);
    const graph = await readSavedModelGraph(storage, path, tags);
    const signatures = signaturesOf(graph.signatures);
    const version = await this.#withTensorFlow(library, graph, signatures, settings);
    return { version, incomparable: outputsByChance(graph.metaGraph, signatures) };
  }

  /** Whether the model uses any. */
  #checkFiles(graph: SavedModelGraph, signatures: ReadonlyMap<string, Signature>, log: Logger): boolean {
    const use = fileUseOf(graph, signatures);
    if (!this.#options.allowsFileOps) assertNoFileUse(use);
    const description = describeFileUse(use);
    if (description !== undefined) log.warning(`--allow_file_ops lets the model have ${description}`);
    return description !== undefined;
  }

  async #import(
    graph: SavedModelGraph,
    signatures: ReadonlyMap<string, Signature>,
    place: CachePlace | undefined,
  ): Promise<LoadedVersion> {
    const { storage, engine } = this.#options;
    const bundle = await openSavedModel(storage, graph);
    try {
      const compiled = await compileVersion(bundle, signatures, engine, storage);
      const { model, threads } = await createModel(compiled, engine);
      await place?.write(() => encodeImport(compiled, threads, bundle.variables));
      return {
        loaded: { engine: "onnxruntime", ...model },
        signatures,
        signatureDefMap: compiled.signatureDefMap,
        changing: changingSignatures(model),
      };
    } finally {
      bundle.close();
    }
  }

  async #withTensorFlow(
    library: string,
    graph: SavedModelGraph,
    signatures: ReadonlyMap<string, Signature>,
    { tensorflowSessions }: EngineSettings,
  ): Promise<LoadedVersion> {
    const { directory, metaGraph } = graph;
    const { tags, allowsFileOps = false } = this.#options;
    const [engine, { loadTensorFlowModel }, { sessionConfig }] = await Promise.all([
      this.#engines.tensorflow(library),
      import("./tensorflow-model.ts"),
      import("../engines/tensorflow/session-config.ts"),
    ]);
    const source = { directory, tags, config: sessionConfig(tensorflowSessions) };
    const { model, changing } = loadTensorFlowModel(engine, source, metaGraph, signatures, allowsFileOps);
    return {
      loaded: { engine: "tensorflow", ...model },
      signatures,
      signatureDefMap: signatureDefMap(graph),
      changing,
    };
  }
}
