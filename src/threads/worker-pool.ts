import type { Worker } from "node:worker_threads";
import type { ServingPool } from "../lifecycle/manager.ts";
import {
  formatServableId,
  type ServableId,
  type VersionLabels,
  type VersionStatus,
} from "../lifecycle/servable.ts";
import type { ThreadProfile } from "../profiling/thread-profile.ts";
import type { WatchOptions } from "../profiling/watch-thread.ts";
import type { RequestLoggings } from "../request-log/request-logging.ts";
import { releaseThread } from "../state/lock.ts";
import { createLogger, type Logger, type LogSink } from "../status/log.ts";
import { asStatusError } from "../status/status.ts";
import { answerCalls, Caller } from "./calls.ts";
import type {
  ControlCall,
  Identities,
  ListenCall,
  Publication,
  ThreadNotice,
  WorkerCall,
} from "./messages.ts";
import { describeFailure } from "./thread-entry.ts";
import type { ThreadMonitor } from "./thread-monitor.ts";

/** Hands out the descriptors on which a worker listens: each call makes a set that the worker then owns. */
export interface Sockets {
  duplicate(): ListenCall;
}

/** Whom the pool tells of its threads. */
export interface PoolMonitor extends ThreadMonitor {
  workerStarted(worker: Worker, number: number): void;
}

/** A worker that dies again and again is restarted at most this often. */
const RESTART_MILLISECONDS = 1000;

interface Member {
  readonly worker: Worker;
  readonly caller: Caller<WorkerCall, ThreadNotice>;
}

/**
 * The request workers, as the control thread sees them. It keeps what was published and announced, so that a worker
 * that takes a dead one's place learns it all before it listens.
 */
export class WorkerPool implements ServingPool<Publication> {
  readonly #spawn: (number: number) => Worker;
  readonly #answer: (call: ControlCall) => unknown;
  readonly #sink: LogSink;
  readonly #monitor: PoolMonitor;
  readonly #log: Logger;
  readonly #members = new Set<Member>();
  readonly #published = new Map<string, Publication>();
  /** What is published, and what some worker may still use. */
  readonly #used = new Set<Publication>();
  readonly #statuses = new Map<string, { readonly name: string; readonly status: VersionStatus }>();
  #models: WorkerCall & { readonly kind: "models" } = {
    kind: "models",
    names: [],
    labels: new Map(),
    loggings: new Map(),
  };
  #sockets: Sockets | undefined;
  #stopping = false;

  /**
   * @param spawn starts a thread that answers `WorkerCall`s; of threads that are alive each has its own number.
   * @param answer what workers ask of the control thread.
   */
  constructor(
    count: number,
    spawn: (number: number) => Worker,
    answer: (call: ControlCall) => unknown,
    sink: LogSink,
    monitor: PoolMonitor,
  ) {
    this.#spawn = spawn;
    this.#answer = answer;
    this.#sink = sink;
    this.#monitor = monitor;
    this.#log = createLogger(sink, "threads/worker_pool");
    for (let i = 0; i < count; i++) this.#start(i);
  }

  /** Of a version that is loaded when it is asked for, another may take the place of what was published. */
  async publish(id: ServableId, payload: Publication): Promise<void> {
    const before = this.#published.get(formatServableId(id));
    this.#published.set(formatServableId(id), payload);
    this.#used.add(payload);
    await this.#tell({ kind: "publish", payload });
    if (before !== undefined) this.#used.delete(before);
  }

  async retire(id: ServableId): Promise<void> {
    const payload = this.#published.get(formatServableId(id));
    this.#published.delete(formatServableId(id));
    await this.#tell({ kind: "retire", id });
    if (payload !== undefined) this.#used.delete(payload);
  }

  /** Tells every worker what state a version is in. */
  announce(name: string, status: VersionStatus): void {
    this.#statuses.set(`${name}:${status.version}`, { name, status });
    this.#inform({ kind: "status", name, status });
  }

  /** Which models are configured, all labels, and what is logged. Resolves when every worker knows. */
  async setModels(names: readonly string[], labels: VersionLabels, loggings: RequestLoggings): Promise<void> {
    this.#models = { kind: "models", names, labels, loggings };
    await this.#tell(this.#models);
  }

  /** Opens the ports: every worker begins to accept connections. */
  async listen(sockets: Sockets): Promise<void> {
    this.#sockets = sockets;
    await Promise.all([...this.#members].map((member) => member.caller.call(sockets.duplicate())));
  }

  /** Tells every worker that listens; the sockets must know it for those that will. */
  renew(identities: Identities): void {
    this.#inform({ kind: "identities", identities });
  }

  /** What each worker does from now on for a while. */
  async watch(options: WatchOptions): Promise<readonly ThreadProfile[]> {
    const watched = [...this.#members].map(({ caller }) => caller.call({ kind: "watch", ...options }));
    const ended = await Promise.allSettled(watched);
    return ended.flatMap((one) => (one.status === "fulfilled" ? [one.value as ThreadProfile] : []));
  }

  endWatch(): void {
    this.#inform({ kind: "end-watch" });
  }

  /** Closes the ports and waits, at most so long, for the requests in flight. */
  async drain(milliseconds: number): Promise<void> {
    this.#stopping = true;
    await this.#tell({ kind: "drain", milliseconds });
  }

  /** Ends the threads: each ends itself when it comes to it, since a run that is cut off takes the process down. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(
      [...this.#members].map(({ worker, caller }) => {
        const ended = new Promise((resolve) => worker.once("exit", resolve));
        caller.call({ kind: "end" }).catch(() => {});
        return ended;
      }),
    );
  }

  /** Tells without waiting. */
  #inform(call: WorkerCall): void {
    this.#tell(call).catch((error: unknown) => {
      this.#log.error(`A request worker refused ${call.kind}: ${asStatusError(error).message}`);
    });
  }

  /** A worker that dies meanwhile counts as told: its successor starts from what is kept here. */
  async #tell(call: WorkerCall): Promise<void> {
    const told = [...this.#members].map((member) =>
      member.caller.call(call).catch((error: unknown) => {
        if (this.#members.has(member)) throw error;
      }),
    );
    await Promise.all(told);
  }

  #start(number: number): Member {
    const worker = this.#spawn(number);
    this.#monitor.workerStarted(worker, number);
    const caller = new Caller<WorkerCall, ThreadNotice>(worker, (notice) => {
      if ("series" in notice) this.#monitor.seriesBegan(worker, notice.series);
      else this.#sink.write(notice.severity, notice.component, notice.message, notice.fields);
    });
    answerCalls<ControlCall>(worker, this.#answer);
    const member = { worker, caller };
    const started = performance.now();
    this.#members.add(member);
    worker.on("error", (error) => this.#log.error(`A request worker failed: ${describeFailure(error)}`));
    worker.on("exit", () => {
      this.#members.delete(member);
      caller.close("The request worker ended");
      this.#monitor.threadEnded(worker);
      for (const publication of this.#used) {
        const payload = "lastUse" in publication ? publication.loaded : publication;
        if (payload !== undefined && "state" in payload) releaseThread(payload.state.lock, number);
      }
      if (this.#stopping) return;
      this.#log.error("A request worker ended; another takes its place");
      const wait = Math.max(0, RESTART_MILLISECONDS - (performance.now() - started));
      setTimeout(() => void this.#replace(number), wait);
    });
    return member;
  }

  async #replace(number: number): Promise<void> {
    if (this.#stopping) return;
    const { caller } = this.#start(number);
    const tell = (call: WorkerCall) =>
      caller.call(call).catch((error: unknown) => {
        this.#log.error(`A new request worker refused ${call.kind}: ${asStatusError(error).message}`);
      });
    const calls: WorkerCall[] = [
      ...[...this.#published.values()].map((payload) => ({ kind: "publish", payload }) as const),
      ...[...this.#statuses.values()].map(({ name, status }) => ({ kind: "status", name, status }) as const),
      this.#models,
    ];
    // Before it knows everything it would refuse requests.
    await Promise.all(calls.map(tell));
    if (this.#stopping || this.#sockets === undefined) return;
    await tell(this.#sockets.duplicate());
  }
}
