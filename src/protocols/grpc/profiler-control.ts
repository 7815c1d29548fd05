/** What of the server is profiled, and how: the control thread's work. */
export interface ProfilerControl {
  /** A serialized tensorflow.profiler.XSpace. */
  profile(request: {
    readonly milliseconds: number;
    readonly session: string;
    readonly host: string;
    readonly mostEvents: number;
  }): Promise<{ readonly xspace: Uint8Array; readonly isEmpty: boolean }>;
  terminate(session: string): Promise<void>;
  monitor(request: {
    readonly milliseconds: number;
    readonly level: number;
    readonly timestamp: boolean;
  }): Promise<string>;
}
