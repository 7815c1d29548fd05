/** Something whose runs are timed. */
export interface Contestant {
  /** Microseconds per run over so many runs. */
  readonly round: (runs: number) => Promise<number>;
}

const ROUND_MICROSECONDS = 10_000;
const WARM_UP_MICROSECONDS = 400_000;
const MAX_RUNS = 100_000;

/**
 * Times contestants in turn, so that what else the machine does falls on all of them, each long enough at a time to have
 * the caches to itself.
 * @returns for each contestant its microseconds per run in every round.
 */
export async function timeInTurn(contestants: readonly Contestant[], rounds: number): Promise<number[][]> {
  const runs: number[] = [];
  for (const { round } of contestants) {
    let [count, microseconds] = [1, 0];
    // The first runs are slow; JavaScript is compiled while it runs.
    for (let total = 0; total < WARM_UP_MICROSECONDS && count < MAX_RUNS; count *= 2) {
      microseconds = await round(count);
      total += microseconds * count;
    }
    runs.push(Math.min(MAX_RUNS, Math.max(1, Math.round(ROUND_MICROSECONDS / Math.max(microseconds, 1)))));
  }
  const times: number[][] = contestants.map(() => []);
  for (let i = 0; i < rounds; i++) {
    for (let j = 0; j < contestants.length; j++) {
      // Each is first, second and last as often as the others.
      const turn = (i + j) % contestants.length;
      times[turn]!.push(await contestants[turn]!.round(runs[turn]!));
    }
  }
  return times;
}

/**
 * A contestant that is called in this process. Of the time that passes and the process's own, the less counts: a busy machine
 * takes it off its core.
 */
export function inProcess(run: () => { dispose(): void } | Promise<{ dispose(): void }>): Contestant {
  return {
    round: async (runs) => {
      const start = performance.now();
      const before = process.cpuUsage();
      for (let i = 0; i < runs; i++) {
        const result = run();
        if (result instanceof Promise) (await result).dispose();
        else result.dispose();
      }
      const { user, system } = process.cpuUsage(before);
      return Math.min((performance.now() - start) * 1000, user + system) / runs;
    },
  };
}
