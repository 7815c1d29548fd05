import { formatBytes } from "../engines/tensorflow/install/bytes.ts";
import type { InstallObserver, Phase } from "../engines/tensorflow/install/observer.ts";
import { Speed } from "./speed.ts";

interface Output {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

const TERMINAL_MILLISECONDS = 100;
const LOG_MILLISECONDS = 5000;

/** Shows progress: in a terminal on one line that changes, elsewhere with a line now and then. */
export class ProgressReport implements InstallObserver {
  readonly #output: Output;
  readonly #now: () => number;
  readonly #interval: number;
  #phase: Phase | undefined;
  #speed = new Speed();
  #shownAt = 0;
  /** What a terminal shows on its last line, if that is progress. */
  #line = "";

  /** @param now milliseconds of some clock. */
  constructor(output: Output, now: () => number = () => performance.now()) {
    this.#output = output;
    this.#now = now;
    this.#interval = output.isTTY ? TERMINAL_MILLISECONDS : LOG_MILLISECONDS;
  }

  progress(phase: Phase, done: number, total: number): void {
    const now = this.#now();
    if (phase !== this.#phase) {
      this.end();
      this.#phase = phase;
      this.#speed = new Speed();
      // A log has a phase only if it takes long.
      this.#shownAt = this.#output.isTTY ? -Infinity : now;
    }
    this.#speed.add(now, done);
    const isComplete = done === total && this.#output.isTTY;
    if (now - this.#shownAt < this.#interval && !isComplete) return;
    this.#shownAt = now;
    this.#show(describe(phase, done, total, this.#speed.bytesPerSecond));
  }

  notice(text: string): void {
    this.end();
    this.#output.write(`${text}\n`);
  }

  /** Leaves the line that changes. */
  end(): void {
    if (this.#line !== "") this.#output.write("\n");
    this.#line = "";
    this.#phase = undefined;
  }

  #show(text: string): void {
    if (!this.#output.isTTY) {
      this.#output.write(`${text}\n`);
      return;
    }
    // A line that wraps can't be written over.
    const line = text.slice(0, (this.#output.columns || 80) - 1);
    if (line === this.#line) return;
    this.#output.write(`\r${line.padEnd(this.#line.length)}`);
    this.#line = line;
  }
}

function describe(phase: Phase, done: number, total: number, bytesPerSecond: number | undefined): string {
  const percent = `${Math.floor((done / total) * 100)} %`.padStart(5);
  const amount = `${phase.padEnd("Downloading".length)} ${percent}  ${formatBytes(done)} of ${formatBytes(total)}`;
  if (bytesPerSecond === undefined || done === total) return amount;
  const seconds = Math.ceil((total - done) / bytesPerSecond);
  return `${amount}  ${formatBytes(bytesPerSecond)}/s  ${formatSeconds(seconds)} left`;
}

function formatSeconds(seconds: number): string {
  if (!Number.isFinite(seconds)) return "unknown time";
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return minutes < 60
    ? `${minutes} min ${seconds % 60} s`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
