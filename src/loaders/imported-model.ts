import type { OnnxEngine } from "../engines/engine.ts";
import type { SavedModelBundle } from "../formats/saved-model/saved-model.ts";
import { type CompiledSignature, SignatureCompiler } from "../import/compile.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import type { CompiledSession } from "../import/program.ts";
import { asStatusError, Code, StatusError } from "../status/status.ts";
import type { Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import { runConstantSteps } from "./constant-steps.ts";
import { assertCovered } from "./coverage.ts";
import { compileFree, type FreeSignature } from "./free-shapes.ts";
import type { ImportedModel, LoadedProgram, LoadedSession } from "./servable-payload.ts";
import { accessOf, usesFiles } from "./servable-state.ts";
import { createSession } from "./session-creation.ts";
import { weightsToShare } from "./shared-weights.ts";
import { initialVariables, loadState } from "./state-loading.ts";

/**
 * Imports every signature of a model, and creates the sessions that they need.
 * @throws StatusError (rejects) UNIMPLEMENTED for what the importer doesn't cover, or what else is wrong with the model;
 * nothing stays allocated then.
 */
export async function importModel(
  model: SavedModelBundle,
  signatures: ReadonlyMap<string, Signature>,
  engine: OnnxEngine,
  storage: Storage,
): Promise<ImportedModel> {
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
    for (const session of distinct.values()) {
      sessions.push(await createSession(engine, session, weights).catch(refused));
    }
    return { programs, freePrograms, sessions, weights, state };
  } catch (error) {
    freeImported({ sessions, weights }, engine);
    throw error;
  }
}

/** A graph that the engine can't take is the importer's doing: TensorFlow could. */
function refused(error: unknown): never {
  const { code, message } = asStatusError(error);
  if (code === Code.INVALID_ARGUMENT) throw new StatusError(Code.UNIMPLEMENTED, message, { cause: error });
  throw error;
}

/** Frees everything native that it names. */
export function freeImported(
  { sessions, weights }: Pick<ImportedModel, "sessions" | "weights">,
  engine: OnnxEngine,
): void {
  for (const { session } of sessions) engine.destroy(session);
  if (weights !== undefined) engine.releaseWeights(weights);
}

/** The keys of the signatures whose runs change what others see: variables, tables, or perhaps files. */
export function changingSignatures({ programs, state }: ImportedModel): readonly string[] {
  return [...programs]
    .filter(([, { program }]) => accessOf(program, state) === "exclusive" || usesFiles(program))
    .map(([key]) => key);
}
