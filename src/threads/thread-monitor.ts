import type { Worker } from "node:worker_threads";
import type { SeriesMemory } from "../metrics/scope.ts";

/** Whom the owners of threads tell of their metrics. */
export interface ThreadMonitor {
  seriesBegan(thread: Worker, series: SeriesMemory): void;
  threadEnded(thread: Worker): void;
}
