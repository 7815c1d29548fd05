import { setTimeout as sleep } from "node:timers/promises";
import type { CpuSamples, Span, ThreadProfile } from "./thread-profile.ts";

export interface WatchOptions {
  readonly milliseconds: number;
  /** Whether to sample what the thread's JavaScript does. */
  readonly samples: boolean;
}

/** Takes what requests report while it is open. */
export interface SpanSource {
  /** Begins to report. @returns what ends it. */
  record(report: (span: Span) => void): () => void;
}

/** V8's own default is 1000; at 500 a request worker is about 2 % slower. */
const SAMPLING_MICROSECONDS = 1000;

/** Spans of one thread beyond this number are not kept. */
const MOST_SPANS = 200_000;

/**
 * Watches the calling thread. `node:inspector` is loaded only for that.
 * @param signal ends it before its time.
 */
export async function watchThread(
  thread: string,
  source: SpanSource | undefined,
  { milliseconds, samples }: WatchOptions,
  signal: AbortSignal,
): Promise<ThreadProfile> {
  const spans: Span[] = [];
  const stopSpans = source?.record((span) => {
    if (spans.length < MOST_SPANS) spans.push(span);
  });
  const sampler = samples ? await startSampling() : undefined;
  const before = performance.eventLoopUtilization();
  const start = performance.timeOrigin + performance.now();
  await sleep(milliseconds, undefined, { signal }).catch(() => {});
  const end = performance.timeOrigin + performance.now();
  const { utilization: busy } = performance.eventLoopUtilization(before);
  stopSpans?.();
  return { thread, start, end, busy, spans, samples: await sampler?.() };
}

/** @returns what ends it. */
async function startSampling(): Promise<() => Promise<CpuSamples>> {
  const { Session } = await import("node:inspector/promises");
  const session = new Session();
  session.connect();
  await session.post("Profiler.enable");
  await session.post("Profiler.setSamplingInterval", { interval: SAMPLING_MICROSECONDS });
  await session.post("Profiler.start");
  return async () => {
    const { profile } = await session.post("Profiler.stop");
    session.disconnect();
    return profile;
  };
}
