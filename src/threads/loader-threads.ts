import type { Worker } from "node:worker_threads";
import type { Loader, LoaderFactory, ResourceEstimate } from "../lifecycle/loader.ts";
import type { ServableId } from "../lifecycle/servable.ts";
import type { ServablePayload } from "../loaders/servable-payload.ts";
import { createLogger, type LogSink } from "../status/log.ts";
import { Caller } from "./calls.ts";
import type { LoaderAnswers, LoaderCall, LoaderSettings, ThreadNotice } from "./messages.ts";
import { describeFailure, spawnLoaderWorker } from "./thread-entry.ts";
import type { ThreadMonitor } from "./thread-monitor.ts";

type Answer<K> = K extends keyof LoaderAnswers ? LoaderAnswers[K] : undefined;

interface Member {
  readonly worker: Worker;
  readonly caller: Caller<LoaderCall, ThreadNotice>;
  /** Calls without an answer. */
  pending: number;
}

/**
 * The loader threads, as the control thread sees them: makes loaders whose work happens over there. The first is there
 * from the start; others are started when all have something to do, and end when they have nothing: each holds an
 * importer. One that dies (of memory, say) takes what it was loading with it; the next call starts another.
 */
export class LoaderThreads {
  readonly #most: number;
  readonly #spawn: () => Worker;
  readonly #sink: LogSink;
  readonly #monitor: ThreadMonitor;
  readonly #members = new Set<Member>();

  /** @param most threads at a time. @param spawn what starts one that answers `LoaderCall`s. */
  constructor(
    most: number,
    settings: LoaderSettings,
    sink: LogSink,
    monitor: ThreadMonitor,
    spawn: () => Worker = () => spawnLoaderWorker(settings),
  ) {
    this.#most = most;
    this.#spawn = spawn;
    this.#sink = sink;
    this.#monitor = monitor;
    this.#start();
  }

  readonly createLoader: LoaderFactory<ServablePayload> = (id, path) => new RemoteLoader(this, id, path);

  /** Rejects with the thread's StatusError, or with UNAVAILABLE if it dies. */
  async call<K extends LoaderCall["kind"]>(call: LoaderCall & { readonly kind: K }): Promise<Answer<K>> {
    const member = this.#leastBusy();
    member.pending++;
    try {
      return (await member.caller.call(call)) as Answer<K>;
    } finally {
      member.pending--;
      this.#endSpare(member);
    }
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#members].map(({ worker }) => worker.terminate()));
  }

  #leastBusy(): Member {
    let found: Member | undefined;
    for (const member of this.#members) {
      if (found === undefined || member.pending < found.pending) found = member;
    }
    const isFree = found !== undefined && (found.pending === 0 || this.#members.size >= this.#most);
    return isFree ? found! : this.#start();
  }

  #endSpare(member: Member): void {
    if (member.pending > 0 || this.#members.size <= 1 || !this.#members.delete(member)) return;
    void member.worker.terminate();
  }

  #start(): Member {
    const log = createLogger(this.#sink, "threads/loader_threads");
    const worker = this.#spawn();
    const caller = new Caller<LoaderCall, ThreadNotice>(worker, (notice) => {
      if ("series" in notice) this.#monitor.seriesBegan(worker, notice.series);
      else this.#sink.write(notice.severity, notice.component, notice.message, notice.fields);
    });
    const member: Member = { worker, caller, pending: 0 };
    worker.on("error", (error) => log.error(`A loader thread failed: ${describeFailure(error)}`));
    worker.on("exit", () => {
      this.#members.delete(member);
      caller.close("The loader thread ended");
      this.#monitor.threadEnded(worker);
    });
    this.#members.add(member);
    return member;
  }
}

class RemoteLoader implements Loader<ServablePayload> {
  readonly id: ServableId;
  readonly #threads: LoaderThreads;
  readonly #path: string;

  constructor(threads: LoaderThreads, id: ServableId, path: string) {
    this.#threads = threads;
    this.id = id;
    this.#path = path;
  }

  estimate(): Promise<ResourceEstimate> {
    return this.#threads.call({ kind: "estimate", path: this.#path });
  }

  load(): Promise<ServablePayload> {
    return this.#threads.call({ kind: "load", id: this.id, path: this.#path });
  }

  async unload(payload: ServablePayload): Promise<void> {
    await this.#threads.call({ kind: "unload", payload });
  }
}
