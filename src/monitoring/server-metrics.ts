import { readdirSync } from "node:fs";
import type { Loader } from "../lifecycle/loader.ts";
import { ModelState, type ServableId } from "../lifecycle/servable.ts";
import type { ServableState } from "../lifecycle/state-bus.ts";
import { findMetric, type MetricName, servableMetrics, tensorflowMetrics } from "../metrics/catalogue.ts";
import { formatMetrics } from "../metrics/exposition.ts";
import type { Counter } from "../metrics/instruments.ts";
import { MetricRegistry, type Reading } from "../metrics/registry.ts";
import { MetricScope, type SeriesMemory } from "../metrics/scope.ts";
import { asStatusError, Code, codeName } from "../status/status.ts";

/** A thread, as far as it is measured: a `Worker`. */
export interface MeasuredThread {
  readonly performance: { eventLoopUtilization(): { readonly active: number } };
}

interface MeasuredVersion {
  readonly id: ServableId;
  available: boolean;
  memoryBytes: number | undefined;
  loadSeconds: number | undefined;
}

/** All metrics of the server, on the control thread: what other threads write, and what is known here. */
export class ServerMetrics {
  readonly #registry = new MetricRegistry();
  readonly #scope = new MetricScope((series) => this.#registry.add("control", series));
  readonly #counters = new Map<string, Counter>();
  readonly #versions = new Map<string, MeasuredVersion>();
  readonly #workers = new Map<MeasuredThread, number>();
  readonly #seen = new Set<number>();

  /** @param programVersion for `servable_build_info`. */
  constructor(programVersion: string) {
    this.#scope.gauge("servable_build_info", [programVersion]).set(1);
    this.#counter("servable_worker_restarts_total");
    this.#registry.read(() => this.#readVersions());
    this.#registry.read(() => this.#readWorkers());
    this.#registry.read(readProcess);
  }

  /** The page for Prometheus. */
  page(metrics: "all" | "servable"): string {
    const names = metrics === "all" ? [...tensorflowMetrics, ...servableMetrics] : servableMetrics;
    return formatMetrics(this.#registry.collect(names));
  }

  /** What metrics have come to, by name, TensorFlow's own names or Prometheus's; 0 for those that there aren't. */
  totals(names: readonly string[]): Map<string, number> {
    return new Map(
      names.map((name) => {
        const metric = findMetric(name);
        return [name, metric === undefined ? 0 : this.#registry.total(metric)];
      }),
    );
  }

  /** A request worker has been started. @param number the same as that of the dead one whose place it takes. */
  workerStarted(worker: MeasuredThread, number: number): void {
    this.#workers.set(worker, number);
    if (this.#seen.has(number)) this.#counter("servable_worker_restarts_total").add(1);
    this.#seen.add(number);
  }

  /** A thread has ended, a request worker or another. */
  threadEnded(thread: MeasuredThread): void {
    this.#workers.delete(thread);
    this.#registry.endThread(thread);
  }

  /** A thread has a new series. */
  seriesBegan(thread: object, series: SeriesMemory): void {
    this.#registry.add(thread, series);
  }

  /** What became of a version. The series of one that was unloaded end. */
  versionChanged({ id, state, status }: ServableState): void {
    const version = this.#version(id);
    version.available = state === ModelState.AVAILABLE;
    if (state !== ModelState.END) return;
    this.#registry.forget({ model: id.name, version: String(id.version) });
    if (status.code === Code.OK) this.#versions.delete(keyOf(id));
    else version.memoryBytes = undefined;
  }

  /**
   * The same loader, measured.
   * @param path of the version, as TensorFlow's metrics name it.
   * @param signatureCount how many signatures a payload has.
   */
  measured<T>(loader: Loader<T>, path: string, signatureCount: (payload: T) => number): Loader<T> {
    const { id } = loader;
    return {
      id,
      estimate: async () => {
        const estimate = await loader.estimate();
        this.#version(id).memoryBytes = estimate.ramBytes;
        return estimate;
      },
      load: async (signal) => {
        const began = performance.now();
        try {
          const payload = await loader.load(signal);
          const milliseconds = performance.now() - began;
          this.#version(id).loadSeconds = milliseconds / 1000;
          this.#countLoad(id, path, Code.OK);
          const microseconds = Math.round(milliseconds * 1000);
          this.#counter(":tensorflow:cc:saved_model:load_latency", path).add(microseconds);
          this.#counter(":tensorflow:core:graph_build_calls").add(signatureCount(payload));
          this.#counter(":tensorflow:core:graph_build_time_usecs").add(microseconds);
          return payload;
        } catch (error) {
          this.#countLoad(id, path, asStatusError(error).code);
          throw error;
        }
      },
      unload: (payload) => loader.unload(payload),
    };
  }

  #countLoad({ name }: ServableId, path: string, code: Code): void {
    const end = code === Code.OK ? "success" : "fail";
    this.#counter(":tensorflow:cc:saved_model:load_attempt_count", path, end).add(1);
    this.#counter("servable_loads_total", name, codeName(code)).add(1);
  }

  #counter(name: MetricName, ...labels: readonly string[]): Counter {
    const key = JSON.stringify([name, ...labels]);
    const known = this.#counters.get(key) ?? this.#scope.counter(name, labels);
    this.#counters.set(key, known);
    return known;
  }

  #version(id: ServableId): MeasuredVersion {
    const known = this.#versions.get(keyOf(id));
    if (known !== undefined) return known;
    const version = { id, available: false, memoryBytes: undefined, loadSeconds: undefined };
    this.#versions.set(keyOf(id), version);
    return version;
  }

  *#readVersions(): Generator<Reading> {
    for (const { id, available, memoryBytes, loadSeconds } of this.#versions.values()) {
      const labels = [id.name, String(id.version)];
      yield { metric: "servable_version_available", labels, value: available ? 1 : 0 };
      if (memoryBytes !== undefined) {
        yield { metric: "servable_version_memory_bytes", labels, value: memoryBytes };
      }
      if (loadSeconds !== undefined) {
        yield { metric: "servable_version_load_seconds", labels, value: loadSeconds };
      }
    }
  }

  *#readWorkers(): Generator<Reading> {
    yield { metric: "servable_workers", labels: [], value: this.#workers.size };
    for (const [worker, number] of this.#workers) {
      const seconds = worker.performance.eventLoopUtilization().active / 1000;
      yield { metric: "servable_worker_busy_seconds_total", labels: [String(number)], value: seconds };
    }
  }
}

function keyOf({ name, version }: ServableId): string {
  return `${name}:${version}`;
}

function* readProcess(): Generator<Reading> {
  const { user, system } = process.cpuUsage();
  yield { metric: "process_cpu_seconds_total", labels: [], value: (user + system) / 1e6 };
  yield { metric: "process_resident_memory_bytes", labels: [], value: process.memoryUsage.rss() };
  yield { metric: "process_start_time_seconds", labels: [], value: performance.timeOrigin / 1000 };
  if (process.platform !== "linux") return;
  yield { metric: "process_open_fds", labels: [], value: readdirSync("/proc/self/fd").length };
}
