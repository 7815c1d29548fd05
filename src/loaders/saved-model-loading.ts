import { create, toBinary } from "@bufbuild/protobuf";
import type { Engine, SharedWeights } from "../engines/engine.ts";
import type { SavedModelBundle, SavedModelGraph } from "../formats/saved-model/saved-model.ts";
import { openSavedModel, readSavedModelGraph } from "../formats/saved-model/saved-model.ts";
import { type CompiledSignature, SignatureCompiler } from "../import/compile.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import type { CompiledSession } from "../import/program.ts";
import type { ResourceEstimate } from "../lifecycle/loader.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import { SignatureDefMapSchema } from "../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import { type Logger, loggerAbout } from "../status/log.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import { runConstantSteps } from "./constant-steps.ts";
import { assertCovered } from "./coverage.ts";
import { assertNoFileUse, describeFileUse, fileUseOf } from "./file-permission.ts";
import { compileFree, type FreeSignature } from "./free-shapes.ts";
import { type BatchingOptions, modelBatching } from "./model-batching.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import type { LoadedProgram, LoadedSession, ServablePayload } from "./servable-payload.ts";
import { createSession } from "./session-creation.ts";
import { weightsToShare } from "./shared-weights.ts";
import { signaturesOf } from "./signatures.ts";
import { initialVariables, loadState } from "./state-loading.ts";

export interface SavedModelLoadingOptions {
  readonly storage: Storage;
  readonly engine: Engine;
  /** The tags of the meta graph to serve. */
  readonly tags: readonly string[];
  readonly log: Logger;
  /** Whether models may read and write files that aren't their own. Default: no. */
  readonly allowsFileOps?: boolean;
  /**
   * Asks a version what its folder says it should be asked before it is served. Default: nothing.
   * @throws StatusError (rejects), which then fails the load.
   */
  readonly warmUp?: (servable: Servable, path: string) => Promise<void>;
  /** Default: no requests are batched. */
  readonly batching?: BatchingOptions | undefined;
}

type Compiled = Pick<ServablePayload, "programs" | "freePrograms" | "sessions" | "weights" | "state">;

/** Reads, imports and compiles SavedModels, and frees them: the work of a loader thread. */
export class SavedModelLoading {
  readonly #options: SavedModelLoadingOptions;

  constructor(options: SavedModelLoadingOptions) {
    this.#options = options;
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
    const { storage, tags, batching } = this.#options;
    const log = loggerAbout(this.#options.log, id);
    const start = performance.now();
    const label = `{ ${tags.join(" ")} }`;
    log.info(`Reading SavedModel from: ${path}`);
    try {
      const graph = await readSavedModelGraph(storage, path, tags);
      const signatures = signaturesOf(graph.signatures);
      this.#checkFiles(graph, signatures, log);
      const model = await openSavedModel(storage, graph);
      try {
        const compiled = await this.#compile(model, signatures);
        const batched = batching && (await this.#batching(path, compiled, batching));
        const payload = {
          id,
          signatures,
          ...compiled,
          signatureDefMap: signatureDefMap(model),
          batching: batched,
        };
        await this.#warmUp(payload, path);
        const took = Math.round((performance.now() - start) * 1000);
        log.info(`SavedModel load for tags ${label}; Status: success: OK. Took ${took} microseconds.`);
        return payload;
      } finally {
        model.close();
      }
    } catch (error) {
      const took = Math.round((performance.now() - start) * 1000);
      const status = formatStatus(asStatusError(error));
      log.info(`SavedModel load for tags ${label}; Status: fail: ${status}. Took ${took} microseconds.`);
      throw error;
    }
  }

  async unload({ sessions, weights }: ServablePayload): Promise<void> {
    this.#destroy(sessions, weights);
  }

  #checkFiles(graph: SavedModelGraph, signatures: ReadonlyMap<string, Signature>, log: Logger): void {
    const use = fileUseOf(graph, signatures);
    if (!this.#options.allowsFileOps) assertNoFileUse(use);
    const description = describeFileUse(use);
    if (description !== undefined) log.warning(`--allow_file_ops lets the model have ${description}`);
  }

  async #warmUp(payload: ServablePayload, path: string): Promise<void> {
    const { engine, warmUp } = this.#options;
    if (warmUp === undefined) return;
    try {
      // No other thread has the version yet: any number is free in its lock.
      const servable = await SavedModelServable.attach(payload, engine, 0);
      try {
        await warmUp(servable, path);
      } finally {
        servable.release();
      }
    } catch (error) {
      await this.unload(payload);
      throw error;
    }
  }

  async #batching(path: string, compiled: Compiled, options: BatchingOptions) {
    try {
      return await modelBatching(this.#options.storage, path, compiled, options);
    } catch (error) {
      this.#destroy(compiled.sessions, compiled.weights);
      throw error;
    }
  }

  async #compile(model: SavedModelBundle, signatures: ReadonlyMap<string, Signature>): Promise<Compiled> {
    const { storage, engine } = this.#options;
    const preparer = new GraphPreparer(model.metaGraph, signatures.values());
    const compiler = new SignatureCompiler(preparer, await initialVariables(model, preparer, storage));
    await assertCovered(compiler, signatures);
    const declared = new Map<string, CompiledSignature>();
    const free = new Map<string, FreeSignature>();
    for (const [key, signature] of signatures) {
      const compiled = await runConstantSteps(await compiler.compile(key, signature), engine);
      declared.set(key, compiled);
      const other = await compileFree(compiler, key, signature, compiled, engine);
      if (other !== undefined) free.set(key, other);
    }
    const compiled = [...declared.values(), ...[...free.values()].map((signature) => signature.compiled)];
    // Signatures that compute the same share their sessions.
    const distinct = new Map<string, CompiledSession>();
    for (const session of compiled.flatMap((signature) => signature.sessions)) {
      if (!distinct.has(session.identity)) distinct.set(session.identity, session);
    }
    const positions = new Map([...distinct.keys()].map((identity, i) => [identity, i]));
    const loaded = ({ program, sessions }: CompiledSignature): LoadedProgram => ({
      program,
      sessions: sessions.map(({ identity }) => positions.get(identity)!),
    });
    const programs = new Map([...declared].map(([key, signature]) => [key, loaded(signature)]));
    const freePrograms = new Map(
      [...free].map(([key, { compiled, shapes }]) => [key, { ...loaded(compiled), shapes }]),
    );
    const state = await loadState(model, preparer, compiled, storage);
    const shared = weightsToShare([...distinct.values()].map(({ model }) => model));
    const weights = shared.length === 0 ? undefined : engine.shareWeights(shared);
    const sessions: LoadedSession[] = [];
    try {
      for (const session of distinct.values()) sessions.push(await createSession(engine, session, weights));
      return { programs, freePrograms, sessions, weights, state };
    } catch (error) {
      this.#destroy(sessions, weights);
      throw error;
    }
  }

  #destroy(sessions: readonly LoadedSession[], weights: SharedWeights | undefined): void {
    const { engine } = this.#options;
    for (const { session } of sessions) engine.destroy(session);
    if (weights !== undefined) engine.releaseWeights(weights);
  }
}

function signatureDefMap(model: SavedModelBundle): Uint8Array {
  const signatureDef = model.metaGraph.signatureDef;
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
