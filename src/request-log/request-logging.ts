/** How the requests for one model are logged. */
export interface RequestLogging {
  /** The share of the requests that is logged: above 0, at most 1. */
  readonly samplingRate: number;
  /** A serialized tensorflow.serving.SamplingConfig, which each log carries. */
  readonly samplingConfig: Uint8Array;
  /** What the paths of the log files begin with. */
  readonly filenamePrefix: string;
}

/** By model; one that isn't there isn't logged. */
export type RequestLoggings = ReadonlyMap<string, RequestLogging>;
