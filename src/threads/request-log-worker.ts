/**
 * The thread that writes request logs. Its writes block it, and it alone: those of Node's own threads, which others would
 * be made on, run models.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from "node:worker_threads";
import { Backlog } from "../request-log/backlog.ts";
import { LogWriter } from "../request-log/log-writer.ts";
import type { LogRecord } from "../request-log/request-recorder.ts";
import { createLogger } from "../status/log.ts";
import { answerCalls } from "./calls.ts";
import { createPortLogSink } from "./log-channel.ts";
import type { RequestLogCall, RequestLogSettings } from "./messages.ts";

const TICK_MILLISECONDS = 1000;

const port = parentPort!;
const { rotation, backlog, limitBytes } = workerData as RequestLogSettings;
const writer = new LogWriter({
  rotation,
  backlog: new Backlog(backlog, limitBytes),
  log: createLogger(createPortLogSink(port), "request_log"),
});
const workers = new Set<MessagePort>();
let isFlushPlanned = false;

/** What comes within a turn of the event loop is written together. */
function add(record: LogRecord): void {
  writer.add(record);
  if (isFlushPlanned) return;
  isFlushPlanned = true;
  setImmediate(() => {
    isFlushPlanned = false;
    writer.flush();
  });
}

function connect(worker: MessagePort): void {
  workers.add(worker);
  worker.on("message", add);
  worker.on("close", () => workers.delete(worker));
}

/** Takes what the workers have sent before the call, whether or not the event loop has come to it. */
function close(): void {
  for (const worker of workers) {
    for (let next = receiveMessageOnPort(worker); next !== undefined; next = receiveMessageOnPort(worker)) {
      writer.add(next.message as LogRecord);
    }
  }
  writer.close();
}

setInterval(() => writer.tick(), TICK_MILLISECONDS);
answerCalls<RequestLogCall>(port, (call) => {
  switch (call.kind) {
    case "connect":
      return connect(call.port);
    case "close":
      return close();
  }
});
