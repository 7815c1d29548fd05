import { create, toBinary } from "@bufbuild/protobuf";
import type { Engine } from "../engines/engine.ts";
import type { SavedModelBundle } from "../formats/saved-model/saved-model.ts";
import { readSavedModel } from "../formats/saved-model/saved-model.ts";
import { SignatureCompiler } from "../import/compile.ts";
import type { GraphNode } from "../import/graph.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import type { CompiledSession } from "../import/program.ts";
import type { ResourceEstimate } from "../lifecycle/loader.ts";
import type { ServableId } from "../lifecycle/servable.ts";
import { SignatureDefMapSchema } from "../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import { runConstantSteps } from "./constant-steps.ts";
import { assertCovered } from "./coverage.ts";
import type { LoadedProgram, LoadedSession, ServablePayload } from "./servable-payload.ts";
import { createSession } from "./session-creation.ts";
import { signaturesOf } from "./signatures.ts";
import { loadTables } from "./table-loading.ts";
import { variableReader } from "./variable-reader.ts";

export interface SavedModelLoadingOptions {
  readonly storage: Storage;
  readonly engine: Engine;
  /** The tags of the meta graph to serve. */
  readonly tags: readonly string[];
  readonly log: Logger;
}

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
    const { storage, tags, log } = this.#options;
    const start = performance.now();
    const label = `{ ${tags.join(" ")} }`;
    log.info(`Reading SavedModel from: ${path}`);
    try {
      const model = await readSavedModel(storage, path, tags);
      try {
        const signatures = signaturesOf(model.signatures);
        const compiled = await this.#compile(model, signatures);
        const took = Math.round((performance.now() - start) * 1000);
        log.info(`SavedModel load for tags ${label}; Status: success: OK. Took ${took} microseconds.`);
        return { id, signatures, ...compiled, signatureDefMap: signatureDefMap(model) };
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

  async unload({ sessions }: ServablePayload): Promise<void> {
    this.#destroy(sessions);
  }

  async #compile(
    model: SavedModelBundle,
    signatures: ReadonlyMap<string, Signature>,
  ): Promise<Pick<ServablePayload, "programs" | "sessions" | "tables">> {
    const preparer = new GraphPreparer(model.metaGraph);
    const compiler = new SignatureCompiler(preparer, variableReader(model));
    await assertCovered(compiler, signatures);
    const sessions: LoadedSession[] = [];
    const tableNodes = new Map<string, GraphNode>();
    const known = new Map<string, number>();
    const place = async ({ identity, model }: CompiledSession): Promise<number> => {
      const shared = known.get(identity);
      if (shared !== undefined) return shared;
      known.set(identity, sessions.length);
      return sessions.push(await createSession(this.#options.engine, model)) - 1;
    };
    try {
      const programs = new Map<string, LoadedProgram>();
      for (const [key, signature] of signatures) {
        const compiled = await runConstantSteps(await compiler.compile(key, signature), this.#options.engine);
        for (const [name, node] of compiled.tables) tableNodes.set(name, node);
        const positions: number[] = [];
        for (const session of compiled.sessions) positions.push(await place(session));
        programs.set(key, { program: compiled.program, sessions: positions });
      }
      return {
        programs,
        sessions,
        tables: await loadTables(model, preparer, tableNodes, this.#options.storage),
      };
    } catch (error) {
      this.#destroy(sessions);
      throw error;
    }
  }

  #destroy(sessions: readonly LoadedSession[]): void {
    for (const { session } of sessions) this.#options.engine.destroy(session);
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
