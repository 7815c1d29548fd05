import type { OnnxEngine, OperatorThreads } from "../engines/engine.ts";
import { asStatusError, Code, StatusError } from "../status/status.ts";
import type { CompiledVersion } from "./compiled-version.ts";
import type { ImportedModel } from "./servable-payload.ts";
import { accessOf, usesFiles } from "./servable-state.ts";
import { type CreatedSession, createSession } from "./session-creation.ts";
import { weightsToShare } from "./shared-weights.ts";

/** An imported model, and which threads the operators of each of its sessions are spread over. */
export interface CreatedModel {
  readonly model: ImportedModel;
  readonly threads: readonly OperatorThreads[];
}

/**
 * Creates the sessions that a compiled version needs.
 * @throws StatusError (rejects) UNIMPLEMENTED for what the engine can't take, or what is wrong with the weights; nothing
 * stays allocated then.
 */
export async function createModel(compiled: CompiledVersion, engine: OnnxEngine): Promise<CreatedModel> {
  const { programs, freePrograms, state } = compiled;
  const shared = weightsToShare(compiled.sessions.map(({ model }) => model));
  const weights = shared.length === 0 ? undefined : engine.shareWeights(shared);
  const created: CreatedSession[] = [];
  try {
    for (const session of compiled.sessions) {
      created.push(await createSession(engine, session, weights, session.threads).catch(refused));
    }
  } catch (error) {
    freeImported({ sessions: created, weights }, engine);
    throw error;
  }
  const sessions = created.map(({ session, probe, isUnbounded }) => ({ session, probe, isUnbounded }));
  return {
    model: { programs, freePrograms, sessions, weights, state },
    threads: created.map(({ threads }) => threads),
  };
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
