import { encodePredictionLog } from "../protocols/grpc/prediction-log.ts";
import type { AnsweredRequest, RequestLog, RequestSample } from "../protocols/request-log.ts";
import { Code } from "../status/status.ts";
import type { Backlog } from "./backlog.ts";
import type { RequestLogging, RequestLoggings } from "./request-logging.ts";

/** From a request worker to the thread that writes: a record for the files of a prefix. The bytes are handed over. */
export interface LogRecord {
  readonly prefix: string;
  /** A serialized PredictionLog. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** What was counted into the backlog for it. */
  readonly size: number;
}

export interface RecorderOptions {
  readonly backlog: Backlog;
  /** Takes a record away; keeps its memory. */
  readonly send: (record: LogRecord) => void;
  /** The tags of the graphs that are served. */
  readonly savedModelTags: readonly string[];
  /** Told what became of each request that was to be logged: OK, or RESOURCE_EXHAUSTED if it was dropped. */
  readonly onLogged?: (model: string, code: Code) => void;
  /** From 0 to below 1. Default: `Math.random`. */
  readonly random?: () => number;
}

/** One request worker's side of the request log. */
export class RequestRecorder implements RequestLog {
  readonly #options: RecorderOptions;
  readonly #random: () => number;
  #loggings: RequestLoggings = new Map();
  /** The highest sampling rate of all models. */
  #highestRate = 0;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#random = options.random ?? Math.random;
  }

  /** Replaces how all models are logged. */
  setLoggings(loggings: RequestLoggings): void {
    this.#loggings = loggings;
    this.#highestRate = Math.max(0, ...[...loggings.values()].map(({ samplingRate }) => samplingRate));
  }

  sample(): RequestSample | undefined {
    if (this.#highestRate === 0) return undefined;
    // One number decides for all models, so that the model need not be known for requests that none wants.
    const drawn = this.#random();
    if (drawn >= this.#highestRate) return undefined;
    return {
      isWantedFor: (model) => drawn < (this.#loggings.get(model)?.samplingRate ?? 0),
      write: (model, answered) => {
        const logging = this.#loggings.get(model);
        if (logging === undefined) return;
        const isSent = this.#write(logging, answered);
        this.#options.onLogged?.(model, isSent ? Code.OK : Code.RESOURCE_EXHAUSTED);
      },
    };
  }

  #write({ samplingConfig, filenamePrefix }: RequestLogging, answered: AnsweredRequest): boolean {
    const { backlog, send, savedModelTags } = this.#options;
    // By what it is made of: a record that is dropped is not even made.
    const size = answered.request.length + answered.response.length;
    if (!backlog.enter(size)) return false;
    try {
      const timestampSeconds = Math.floor(Date.now() / 1000);
      const bytes = encodePredictionLog(answered, { samplingConfig, savedModelTags, timestampSeconds });
      send({ prefix: filenamePrefix, bytes, size });
      return true;
    } catch {
      // There is no memory for a copy. The client gets its answer all the same.
      backlog.leave(size);
      backlog.drop();
      return false;
    }
  }
}
