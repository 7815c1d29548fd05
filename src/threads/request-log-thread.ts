import { MessageChannel, type MessagePort, type Worker } from "node:worker_threads";
import { Backlog } from "../request-log/backlog.ts";
import type { Rotation } from "../request-log/rotating-file.ts";
import { createLogger, type Logger, type LogSink } from "../status/log.ts";
import { Caller } from "./calls.ts";
import type { LogNotice, RequestLogCall, RequestLogConnection } from "./messages.ts";
import { describeFailure, spawnRequestLogWorker } from "./thread-entry.ts";

export interface RequestLogOptions {
  readonly rotation: Rotation;
  /** How much may wait to be written. */
  readonly limitBytes: number;
  readonly savedModelTags: readonly string[];
}

interface Running {
  readonly worker: Worker;
  readonly caller: Caller<RequestLogCall, LogNotice>;
}

/** The thread that writes request logs, as the control thread sees it. There is none before some model is logged. */
export class RequestLogThread {
  readonly #options: RequestLogOptions;
  readonly #sink: LogSink;
  readonly #log: Logger;
  readonly #backlog = Backlog.createMemory();
  /** Ends of channels that the thread doesn't have yet. */
  readonly #unconnected = new Set<MessagePort>();
  #running: Running | undefined;
  #stopping = false;

  constructor(options: RequestLogOptions, sink: LogSink) {
    this.#options = options;
    this.#sink = sink;
    this.#log = createLogger(sink, "threads/request_log_thread");
  }

  /** What a request worker needs to have requests logged; the port in it is to be transferred. */
  connect(): RequestLogConnection {
    const { port1, port2 } = new MessageChannel();
    this.#unconnected.add(port2);
    // That of a worker that ended before anything was logged.
    port2.once("close", () => this.#unconnected.delete(port2));
    if (this.#running !== undefined) this.#handOver(this.#running);
    const { limitBytes, savedModelTags } = this.#options;
    return { port: port1, backlog: this.#backlog, limitBytes, savedModelTags };
  }

  /** Has the thread run from now on. */
  start(): void {
    if (this.#running !== undefined || this.#stopping) return;
    const { rotation, limitBytes } = this.#options;
    const worker = spawnRequestLogWorker({ rotation, limitBytes, backlog: this.#backlog });
    const caller = new Caller<RequestLogCall, LogNotice>(worker, ({ severity, component, message, fields }) =>
      this.#sink.write(severity, component, message, fields),
    );
    worker.on("error", (error) =>
      this.#log.error(`The request log thread failed: ${describeFailure(error)}`),
    );
    worker.on("exit", () => {
      caller.close("The request log thread ended");
      if (!this.#stopping) this.#log.error("The request log thread ended: requests aren't logged any more");
    });
    this.#running = { worker, caller };
    this.#handOver(this.#running);
  }

  /** Writes what workers have sent, and ends the thread. */
  async stop(): Promise<void> {
    this.#stopping = true;
    for (const port of this.#unconnected) port.close();
    if (this.#running === undefined) return;
    const { worker, caller } = this.#running;
    await caller.call({ kind: "close" }).catch(() => {});
    await worker.terminate();
  }

  #handOver({ caller }: Running): void {
    for (const port of this.#unconnected) {
      port.removeAllListeners("close");
      caller.call({ kind: "connect", port }, [port]).catch(() => {});
    }
    this.#unconnected.clear();
  }
}
