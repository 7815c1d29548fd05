import type { LogSink } from "../status/log.ts";
import { type Port, sendNotice } from "./calls.ts";
import type { LogNotice } from "./messages.ts";

/** Sends a thread's log lines to the control thread, which writes them. */
export function createPortLogSink(port: Port): LogSink {
  return {
    write: (severity, component, message, fields) =>
      sendNotice<LogNotice>(port, { severity, component, message, fields }),
  };
}
