import { type DestinationStream, type Level, pino, stdTimeFunctions } from "pino";
import type { LogSink, Severity } from "./log.ts";

const LEVELS: Readonly<Record<Severity, Level>> = { I: "info", W: "warn", E: "error", F: "fatal" };

/** The names that log collectors know. */
const SEVERITIES: Readonly<Record<string, string>> = {
  info: "INFO",
  warn: "WARNING",
  error: "ERROR",
  fatal: "FATAL",
};

const STANDARD_ERROR = 2;

/**
 * Writes a line of JSON each: `severity`, `time` (ISO 8601, UTC), `component`, where they are known `model` and
 * `version`, and `message`.
 * @param stream takes one line with its newline at a time. Default: standard error, written before `write` returns, so
 * that the last words of a process that ends are not lost.
 */
export function createJsonLogSink(
  stream: DestinationStream = pino.destination({ dest: STANDARD_ERROR, sync: true }),
): LogSink {
  const logger = pino(
    {
      base: null,
      messageKey: "message",
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ severity: SEVERITIES[label] }) },
    },
    stream,
  );
  return {
    write: (severity, component, message, fields) =>
      logger[LEVELS[severity]]({ component, ...fields }, message),
  };
}
