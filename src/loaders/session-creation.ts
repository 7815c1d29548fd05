import type { OnnxEngine, OperatorThreads, SharedWeights } from "../engines/engine.ts";
import type { CompiledSession } from "../import/program.ts";
import { probe } from "./probe.ts";
import { LONGEST_SYNCHRONOUS_RUN } from "./run-placement.ts";
import type { LoadedSession, RunCost } from "./servable-payload.ts";

/** Sessions whose runs take more microseconds than this with the engine's threads aren't tried out without. */
const LONGEST_TRIED_ALONE = 10_000;

/** By how much the engine's threads must speed up runs that aren't short. */
const LEAST_SPEEDUP = 1.5;

/** A session, and which threads its operators are spread over. */
export type CreatedSession = LoadedSession & { readonly threads: OperatorThreads };

/**
 * Creates a session and tries it out. It keeps its operators on the thread that calls where its runs are short, or where
 * more threads hardly make them shorter: to wake those costs more than they give, and other requests can use them (per
 * request, on two cores, an MLP of 40 us takes 65 us less CPU time so, and MobileNetV2 10 to 15 %).
 * @param chosen what was chosen before on this machine: spares all tries but one.
 */
export async function createSession(
  engine: OnnxEngine,
  { model, isUnbounded }: Pick<CompiledSession, "model" | "isUnbounded">,
  shared: SharedWeights | undefined,
  chosen?: OperatorThreads,
): Promise<CreatedSession> {
  if (isUnbounded) {
    // On made-up inputs its loops might never end.
    const session = await engine.create(model, "engine", shared);
    return { session, probe: undefined, isUnbounded, threads: "engine" };
  }
  const tryOut = async (threads: OperatorThreads): Promise<CreatedSession> => {
    const session = await engine.create(model, threads, shared);
    const attached = engine.attach(session);
    try {
      return { session, probe: probe(attached), isUnbounded, threads };
    } finally {
      attached.release();
    }
  };
  if (chosen !== undefined) return tryOut(chosen);
  const spread = await tryOut("engine");
  if (spread.probe === undefined || spread.probe.microseconds > LONGEST_TRIED_ALONE) return spread;
  // One after the other, so that the weights are in memory once.
  engine.destroy(spread.session);
  const alone = await tryOut("caller");
  if (alone.probe !== undefined && !paysToSpread(spread.probe, alone.probe)) return alone;
  engine.destroy(alone.session);
  return tryOut("engine");
}

function paysToSpread(spread: RunCost, alone: RunCost): boolean {
  if (alone.microseconds <= LONGEST_SYNCHRONOUS_RUN) return false;
  return alone.microseconds >= LEAST_SPEEDUP * spread.microseconds;
}
