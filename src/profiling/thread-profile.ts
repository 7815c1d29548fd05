/** What a thread did while it was watched: plain data that survives `postMessage`. */
export interface ThreadProfile {
  /** e.g. `request worker 0`. */
  readonly thread: string;
  /** When watching began and ended, in milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
  /** The part of the time in which the event loop had something to do, 0 to 1. */
  readonly busy: number;
  readonly spans: readonly Span[];
  /** As V8's sampling profiler gives it; undefined where it was not asked for. */
  readonly samples: CpuSamples | undefined;
}

/** A request. */
export interface Span {
  /** e.g. `/tensorflow.serving.PredictionService/Predict`. */
  readonly name: string;
  /** In milliseconds since 1970. */
  readonly start: number;
  readonly end: number;
}

/** Profiler.Profile of the Chrome DevTools protocol, as far as it is used. Times in microseconds. */
export interface CpuSamples {
  readonly nodes: readonly CpuNode[];
  readonly startTime: number;
  readonly endTime: number;
  /** The id of the innermost node at each sample. */
  readonly samples?: readonly number[] | undefined;
  /** From each sample to the one before; the first from `startTime`. */
  readonly timeDeltas?: readonly number[] | undefined;
}

export interface CpuNode {
  readonly id: number;
  readonly callFrame: {
    readonly functionName: string;
    readonly url: string;
    readonly lineNumber: number;
  };
  readonly children?: readonly number[] | undefined;
}
