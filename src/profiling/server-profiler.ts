import { Code, StatusError } from "../status/status.ts";
import type { ThreadProfile } from "./thread-profile.ts";
import { type WatchOptions, watchThread } from "./watch-thread.ts";

export interface ProfileOptions {
  readonly milliseconds: number;
  /** By what it can be ended. */
  readonly session: string;
  /** The name of this machine in the profile. */
  readonly host: string;
  /** The most events of a line; 0 for any number. */
  readonly mostEvents: number;
}

export interface ServerProfile {
  /** A serialized tensorflow.profiler.XSpace. */
  readonly xspace: Uint8Array;
  /** No thread did anything. */
  readonly isEmpty: boolean;
}

export interface MonitorOptions {
  readonly milliseconds: number;
  /** 2 says it for each kind of request. */
  readonly level: number;
  readonly timestamp: boolean;
}

/** The threads that answer requests. */
export interface WatchedThreads {
  watch(options: WatchOptions): Promise<readonly ThreadProfile[]>;
  endWatch(): void;
}

/** Longer profiles would take too much memory. */
const LONGEST_MILLISECONDS = 60_000;

/** Watches all threads of the server. Runs on the control thread. */
export class ServerProfiler {
  readonly #threads: WatchedThreads;
  #running: { readonly session: string; readonly ending: AbortController } | undefined;

  constructor(threads: WatchedThreads) {
    this.#threads = threads;
  }

  /** @throws StatusError (rejects) ALREADY_EXISTS while another profile is made. Text: TensorFlow's profiler_lock.h. */
  async profile({ milliseconds, session, host, mostEvents }: ProfileOptions): Promise<ServerProfile> {
    const threads = await this.#watch(session, { milliseconds, samples: true });
    const { toXSpace } = await import("./xspace.ts");
    const xspace = toXSpace(threads, host, mostEvents === 0 ? undefined : mostEvents);
    return {
      xspace,
      isEmpty: threads.every(({ spans, samples }) => spans.length === 0 && samples === undefined),
    };
  }

  /** Ends a profile before its time; none if no such one is made. */
  terminate(session: string): void {
    if (this.#running?.session !== session) return;
    this.#running.ending.abort();
    this.#threads.endWatch();
  }

  /** What the server does, in words. @throws StatusError as `profile` does. */
  async monitor({ milliseconds, level, timestamp }: MonitorOptions): Promise<string> {
    const before = process.cpuUsage();
    const start = performance.now();
    const threads = await this.#watch("", { milliseconds, samples: false });
    const seconds = (performance.now() - start) / 1000;
    const { user, system } = process.cpuUsage(before);
    const { describeLoad } = await import("./describe-load.ts");
    return describeLoad({
      time: timestamp ? new Date() : undefined,
      seconds,
      cores: (user + system) / 1e6 / seconds,
      residentBytes: process.memoryUsage.rss(),
      threads,
      byKind: level >= 2,
    });
  }

  async #watch(session: string, { milliseconds, samples }: WatchOptions): Promise<readonly ThreadProfile[]> {
    if (this.#running !== undefined) {
      throw new StatusError(Code.ALREADY_EXISTS, "Another profiling session active.");
    }
    const ending = new AbortController();
    this.#running = { session, ending };
    try {
      const options = { milliseconds: Math.min(milliseconds, LONGEST_MILLISECONDS), samples };
      const [workers, own] = await Promise.all([
        this.#threads.watch(options),
        watchThread("control", undefined, options, ending.signal),
      ]);
      return [...workers, own];
    } finally {
      this.#running = undefined;
    }
  }
}
