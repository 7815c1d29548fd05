import type { ThreadProfile } from "./thread-profile.ts";

export interface Load {
  /** When it was watched; undefined if that isn't wanted. */
  readonly time: Date | undefined;
  readonly seconds: number;
  /** Cores that the process kept busy. */
  readonly cores: number;
  readonly residentBytes: number;
  readonly threads: readonly ThreadProfile[];
  /** Whether requests are told apart by kind. */
  readonly byKind: boolean;
}

/** A few lines for people. */
export function describeLoad({ time, seconds, cores, residentBytes, threads, byKind }: Load): string {
  const durations = new Map<string, number[]>();
  for (const { spans } of threads) {
    for (const { name, start, end } of spans) {
      const kind = byKind ? name : "requests";
      const known = durations.get(kind);
      if (known === undefined) durations.set(kind, [end - start]);
      else known.push(end - start);
    }
  }
  if (!byKind && durations.size === 0) durations.set("requests", []);
  return [
    ...(time === undefined ? [] : [`Timestamp: ${time.toISOString()}`]),
    `Watched: ${seconds.toFixed(1)} s`,
    `CPU: ${cores.toFixed(2)} cores; memory: ${Math.round(residentBytes / 2 ** 20)} MiB`,
    ...[...durations].map(([kind, all]) => `${kind}: ${describe(all, seconds)}`),
    ...threads.map(({ thread, busy }) => `${thread}: busy ${Math.round(busy * 100)} %`),
    "",
  ].join("\n");
}

function describe(milliseconds: readonly number[], seconds: number): string {
  const rate = `${(milliseconds.length / seconds).toFixed(1)}/s`;
  if (milliseconds.length === 0) return rate;
  const sorted = milliseconds.toSorted((a, b) => a - b);
  const at = (part: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(part * sorted.length))]!.toFixed(2);
  return `${rate}, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms`;
}
