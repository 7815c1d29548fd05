/**
 * The closed set of status codes: gRPC's, which TensorFlow uses too.
 * Numbers: https://grpc.github.io/grpc/core/md_doc_statuscodes.html
 */
export const Code = {
  OK: 0,
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  OUT_OF_RANGE: 11,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  DATA_LOSS: 15,
  UNAUTHENTICATED: 16,
} as const;

export type Code = (typeof Code)[keyof typeof Code];

const NAMES = Object.fromEntries(Object.entries(Code).map(([name, code]) => [code, name]));

/** The code's name as gRPC and TensorFlow print it, e.g. `INVALID_ARGUMENT`. */
export function codeName(code: Code): string {
  return NAMES[code] ?? "UNKNOWN";
}

/** The one error type of the project. Each protocol translates it once, at its edge. */
export class StatusError extends Error {
  readonly code: Code;

  constructor(code: Code, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = "StatusError";
    this.code = code;
  }
}

/** Plain data that survives `postMessage`; {@link fromStatusData} restores the error. */
export interface StatusData {
  readonly code: Code;
  readonly message: string;
}

export function toStatusData(error: unknown): StatusData {
  const status = asStatusError(error);
  return { code: status.code, message: status.message };
}

/** As TensorFlow writes a status in its log: `OK`, or `NOT_FOUND: the message`. */
export function formatStatus(status: StatusData): string {
  return status.code === Code.OK ? "OK" : `${codeName(status.code)}: ${status.message}`;
}

export function fromStatusData(data: StatusData): StatusError {
  return new StatusError(data.code, data.message);
}

/**
 * Any thrown value as a {@link StatusError}. What is not one already becomes INTERNAL and keeps the original
 * as its cause, for the log.
 */
export function asStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new StatusError(Code.INTERNAL, message, { cause: error });
}

export const invalidArgument = (message: string): StatusError =>
  new StatusError(Code.INVALID_ARGUMENT, message);
export const cancelled = (message: string): StatusError => new StatusError(Code.CANCELLED, message);
export const notFound = (message: string): StatusError => new StatusError(Code.NOT_FOUND, message);
export const failedPrecondition = (message: string): StatusError =>
  new StatusError(Code.FAILED_PRECONDITION, message);
export const unimplemented = (message: string): StatusError => new StatusError(Code.UNIMPLEMENTED, message);
export const outOfRange = (message: string): StatusError => new StatusError(Code.OUT_OF_RANGE, message);
export const unavailable = (message: string): StatusError => new StatusError(Code.UNAVAILABLE, message);
export const dataLoss = (message: string): StatusError => new StatusError(Code.DATA_LOSS, message);
export const resourceExhausted = (message: string): StatusError =>
  new StatusError(Code.RESOURCE_EXHAUSTED, message);
export const internal = (message: string, cause?: unknown): StatusError =>
  new StatusError(Code.INTERNAL, message, { cause });
