/** What a tensorflow.serving.PredictionLog is of; `predictStreamed` has any number of requests. */
export type LogKind =
  | "classify"
  | "regress"
  | "multiInference"
  | "sessionRun"
  | "predict"
  | "predictStreamed";

/** What protocols tell of the requests that they have answered. */
export interface RequestLog {
  /** Asked once for each request. Undefined, at next to no cost, if no model wants this one to be logged. */
  sample(): RequestSample | undefined;
}

/** A request that some model wants to be logged, if it is for that model. */
export interface RequestSample {
  isWantedFor(model: string): boolean;
  /** Doesn't wait, doesn't throw, and keeps nothing that it is given. */
  write(model: string, answered: AnsweredRequest): void;
}

/** A request and its answer as protobuf messages. */
export interface AnsweredRequest {
  readonly kind: LogKind;
  /** A serialized ModelSpec of the version that answered. */
  readonly modelSpec: Uint8Array;
  readonly request: Uint8Array;
  readonly response: Uint8Array;
}

/** For servers that log no requests. */
export const NO_REQUEST_LOG: RequestLog = { sample: () => undefined };
