/** For tests. */
import type { Logger } from "./log.ts";

export const silentLog: Logger = { info() {}, warning() {}, error() {} };

/** A log whose lines, of whatever severity, can be read. */
export function recordingLog(): { readonly log: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const write = (line: string) => void lines.push(line);
  return { log: { info: write, warning: write, error: write }, lines };
}
