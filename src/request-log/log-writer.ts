import type { Logger } from "../status/log.ts";
import type { Backlog } from "./backlog.ts";
import type { LogRecord } from "./request-recorder.ts";
import { RotatingFile, type Rotation } from "./rotating-file.ts";

/** What waits for the end of a turn of the event loop is written at once when it is more. */
const MOST_GATHERED_BYTES = 4 << 20;

/** Losses are told at most so often. */
const REPORT_MILLISECONDS = 10_000;

export interface LogWriterOptions {
  readonly rotation: Rotation;
  readonly backlog: Backlog;
  readonly log: Logger;
  /** Milliseconds since 1970. Default: the clock. */
  readonly now?: () => number;
}

interface Destination {
  readonly file: RotatingFile;
  records: LogRecord[];
  lost: number;
  lastError: string;
}

/** Writes the records of all request workers into the files of their models, and tells what is lost. */
export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #now: () => number;
  readonly #destinations = new Map<string, Destination>();
  #gathered = 0;
  #dropped = 0;
  #reported = Number.NEGATIVE_INFINITY;

  constructor(options: LogWriterOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /** Takes a record, which is written by the next `flush` at the latest. */
  add(record: LogRecord): void {
    this.#destinationOf(record.prefix).records.push(record);
    this.#gathered += record.bytes.length;
    if (this.#gathered > MOST_GATHERED_BYTES) this.flush();
  }

  flush(): void {
    this.#gathered = 0;
    for (const destination of this.#destinations.values()) this.#write(destination);
  }

  /** To be called every second or so: closes files that are old enough, and tells what was lost. */
  tick(): void {
    for (const { file } of this.#destinations.values()) file.closeExpired();
    if (this.#now() - this.#reported >= REPORT_MILLISECONDS) this.#report();
  }

  /** Writes everything and tells what was lost. */
  close(): void {
    this.flush();
    for (const { file } of this.#destinations.values()) file.close();
    this.#report();
  }

  #destinationOf(prefix: string): Destination {
    let found = this.#destinations.get(prefix);
    if (found === undefined) {
      const file = new RotatingFile(prefix, this.#options.rotation, this.#now);
      found = { file, records: [], lost: 0, lastError: "" };
      this.#destinations.set(prefix, found);
    }
    return found;
  }

  #write(destination: Destination): void {
    const { records } = destination;
    if (records.length === 0) return;
    destination.records = [];
    const { written, error } = destination.file.append(records.map(({ bytes }) => bytes));
    for (const { size } of records) this.#options.backlog.leave(size);
    if (error === undefined) return;
    destination.lost += records.length - written;
    destination.lastError = error.message;
  }

  #report(): void {
    const { backlog, log } = this.#options;
    this.#dropped += backlog.takeDropped();
    if (this.#dropped > 0) {
      log.warning(
        `${this.#dropped} sampled requests were not logged: too much waits to be written (--request_log_buffer_bytes)`,
      );
      this.#dropped = 0;
      this.#reported = this.#now();
    }
    for (const [prefix, destination] of this.#destinations) {
      if (destination.lost === 0) continue;
      log.error(
        `${destination.lost} sampled requests were not logged to ${prefix}: ${destination.lastError}`,
      );
      destination.lost = 0;
      this.#reported = this.#now();
    }
  }
}
