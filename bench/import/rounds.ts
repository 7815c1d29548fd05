/** Something whose runs are timed. */
export interface Contestant {
  /** Microseconds per run over so many runs. */
  readonly round: (runs: number) => Promise<number>;
}

const ROUND_MICROSECONDS = 30_000;

/**
 * Times contestants in turn, so that what else the machine does falls on all of them, each long enough at a time to have
 * the caches to itself.
 * @returns for each contestant its microseconds per run in every round.
 */
export async function timeInTurn(contestants: readonly Contestant[], rounds: number): Promise<number[][]> {
  const runs: number[] = [];
  for (const { round } of contestants) {
    await round(2);
    const first = await round(1);
    const estimate = await round(Math.max(1, Math.floor(ROUND_MICROSECONDS / 4 / first)));
    runs.push(Math.max(1, Math.round(ROUND_MICROSECONDS / estimate)));
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

export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** The median of what one took over what the other took in the same round. */
export function ratio(times: readonly number[], others: readonly number[]): number {
  return median(times.map((time, i) => time / others[i]!));
}

/** A contestant that is called in this process. */
export function inProcess(run: () => { dispose(): void } | Promise<{ dispose(): void }>): Contestant {
  return {
    round: async (runs) => {
      const start = performance.now();
      for (let i = 0; i < runs; i++) {
        const result = run();
        if (result instanceof Promise) (await result).dispose();
        else result.dispose();
      }
      return ((performance.now() - start) * 1000) / runs;
    },
  };
}
