/** As TensorFlow's log marks them: info, warning, error, fatal. */
export type Severity = "I" | "W" | "E" | "F";

/** What a line is about, for logs that are read by programs; its message says it too. */
export interface LogFields {
  readonly model?: string;
  /** In decimal: versions are int64. */
  readonly version?: string;
}

/** Where log lines go. A thread that has no sink of its own sends its lines to one that has. */
export interface LogSink {
  /** @param component which part speaks, e.g. `lifecycle/manager`. */
  write(severity: Severity, component: string, message: string, fields?: LogFields): void;
}

/** A component's voice in a {@link LogSink}. */
export interface Logger {
  info(message: string, fields?: LogFields): void;
  warning(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}

export function createLogger(sink: LogSink, component: string): Logger {
  return {
    info: (message, fields) => sink.write("I", component, message, fields),
    warning: (message, fields) => sink.write("W", component, message, fields),
    error: (message, fields) => sink.write("E", component, message, fields),
  };
}

/** The same voice, about one version. */
export function loggerAbout(log: Logger, { name, version }: { name: string; version: bigint }): Logger {
  const fields: LogFields = { model: name, version: String(version) };
  return {
    info: (message) => log.info(message, fields),
    warning: (message) => log.warning(message, fields),
    error: (message) => log.error(message, fields),
  };
}

/** How log lines are written (--log_format). */
export type LogFormat = "text" | "json";

/** Writes to standard error. What writes JSON is loaded only if that is asked for. */
export async function createLogSink(format: LogFormat): Promise<LogSink> {
  return format === "text" ? createTextLogSink() : (await import("./json-log.ts")).createJsonLogSink();
}

/**
 * Writes lines as TensorFlow Serving does, with the component in the place of file and line:
 * `2026-11-23 12:00:00.000000: I servable/lifecycle/manager] message`, in local time.
 * @param write takes one line with its newline.
 * @param now milliseconds since 1970; its fraction gives the microseconds.
 */
export function createTextLogSink(
  write: (line: string) => void = (line) => process.stderr.write(line),
  now: () => number = () => performance.timeOrigin + performance.now(),
): LogSink {
  return {
    write(severity, component, message) {
      write(`${formatLogTime(now())}: ${severity} servable/${component}] ${message}\n`);
    },
  };
}

function formatLogTime(milliseconds: number): string {
  const micros = Math.floor(milliseconds * 1000);
  const date = new Date(Math.floor(micros / 1000));
  const pad = (value: number, width: number) => String(value).padStart(width, "0");
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1, 2)}-${pad(date.getDate(), 2)}`;
  const time = `${pad(date.getHours(), 2)}:${pad(date.getMinutes(), 2)}:${pad(date.getSeconds(), 2)}`;
  return `${day} ${time}.${pad(micros % 1_000_000, 6)}`;
}
