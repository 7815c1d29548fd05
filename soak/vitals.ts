import { readdirSync, readFileSync } from "node:fs";

/** What a process holds at a moment. */
export interface Vitals {
  /** Since the start of the measurement. */
  readonly seconds: number;
  /** Memory that the process has resident and that no file backs, in bytes. */
  readonly memory: number;
  readonly descriptors: number;
  readonly threads: number;
}

/** Reads Linux's /proc. */
export function vitalsOf(pid: number, since: number): Vitals {
  const status = readFileSync(`/proc/${pid}/status`, "latin1");
  const field = (name: string) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)?.[1]);
  return {
    seconds: (performance.now() - since) / 1000,
    memory: field("RssAnon") * 1024,
    descriptors: readdirSync(`/proc/${pid}/fd`).length,
    threads: field("Threads"),
  };
}
