import type { Engine, OperatorThreads, SharedWeights } from "../engines/engine.ts";
import type { CompiledSession } from "../import/program.ts";
import { probe } from "./probe.ts";
import { LONGEST_SYNCHRONOUS_RUN } from "./run-placement.ts";
import type { LoadedSession, RunCost } from "./servable-payload.ts";

/**
 * Creates a session and tries it out. One whose runs are short keeps its operators on the thread that calls: to wake
 * the engine's threads costs more than they give, and other requests can use them (an MLP of 40 us takes 65 us less
 * CPU time per request so, on two cores).
 */
export async function createSession(
  engine: Engine,
  { model, isUnbounded }: Pick<CompiledSession, "model" | "isUnbounded">,
  shared: SharedWeights | undefined,
): Promise<LoadedSession> {
  if (isUnbounded) {
    // On made-up inputs its loops might never end.
    return { session: await engine.create(model, "engine", shared), probe: undefined, isUnbounded };
  }
  const tryOut = async (threads: OperatorThreads): Promise<LoadedSession> => {
    const session = await engine.create(model, threads, shared);
    const attached = engine.attach(session);
    try {
      return { session, probe: probe(attached), isUnbounded };
    } finally {
      attached.release();
    }
  };
  const spread = await tryOut("engine");
  if (!isShort(spread.probe)) return spread;
  // One after the other, so that the weights are in memory once.
  engine.destroy(spread.session);
  const alone = await tryOut("caller");
  if (isShort(alone.probe)) return alone;
  engine.destroy(alone.session);
  return tryOut("engine");
}

function isShort(cost: RunCost | undefined): boolean {
  return cost !== undefined && cost.microseconds <= LONGEST_SYNCHRONOUS_RUN;
}
