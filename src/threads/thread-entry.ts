import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import type { LoaderSettings, RequestLogSettings, WorkerSettings } from "./messages.ts";

const extension = import.meta.url.endsWith(".ts") ? ".ts" : ".js";

/** The file that a thread starts from: TypeScript in a checkout, JavaScript once built, as this one is. */
function entry(name: string): URL {
  return new URL(`./${name}${extension}`, import.meta.url);
}

/** Gives threads that start from now on the function `gc`, see idle-memory.ts and listeners/buffer-turnover.ts. */
function exposeCollector(): void {
  v8.setFlagsFromString("--expose-gc");
}

export function spawnRequestWorker(settings: WorkerSettings): Worker {
  exposeCollector();
  const transferList = [settings.requestLog.port];
  return new Worker(entry("request-worker"), { workerData: settings, transferList, name: "request" });
}

export function spawnLoaderWorker(settings: LoaderSettings): Worker {
  exposeCollector();
  return new Worker(entry("loader-worker"), { workerData: settings, name: "loader" });
}

export function spawnRequestLogWorker(settings: RequestLogSettings): Worker {
  return new Worker(entry("request-log-worker"), { workerData: settings, name: "request-log" });
}

/** What a thread died of, for the log. */
export function describeFailure(error: unknown): string {
  return error instanceof Error ? (error.stack ?? error.message) : String(error);
}
