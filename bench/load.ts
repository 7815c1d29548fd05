import { execFile } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { BenchRequest } from "./requests.ts";

export interface LoadResult {
  readonly requests: number;
  /** Of them, how many were not answered with status 200. */
  readonly failed: number;
  /** Bytes of all response bodies: an answer that is a gRPC error has none. */
  readonly bodyBytes: number;
  readonly perSecond: number;
  /** Microseconds from request to answer. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** When h2load is done, and how fast it goes: as fast as answers come, unless there is a rate, in requests per second. */
export type Amount =
  | { readonly requests: number }
  | { readonly seconds: number; readonly rate?: number | undefined };

/**
 * Has h2load send a request again and again, on so many connections.
 * @throws Error that says how to install h2load where it is missing.
 */
export async function load(
  port: number,
  request: BenchRequest,
  connections: number,
  amount: Amount,
): Promise<LoadResult> {
  const folder = mkdtempSync(join(tmpdir(), "servable-bench-"));
  try {
    const [body, log] = [join(folder, "body"), join(folder, "log")];
    writeFileSync(body, request.body);
    const args = [
      ...("seconds" in amount ? ["-D", String(amount.seconds)] : ["-n", String(amount.requests)]),
      ...("rate" in amount ? [`--rps=${amount.rate! / connections}`] : []),
      ...["-c", String(connections), "-d", body, `--log-file=${log}`],
      ...(request.isGrpc ? [] : ["--h1"]),
      ...Object.entries(request.headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]),
      `http://127.0.0.1:${port}${request.path}`,
    ];
    const output = await runH2load(args);
    return { ...parseSummary(output), ...percentiles(readFileSync(log, "latin1")) };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

async function runH2load(args: readonly string[]): Promise<string> {
  try {
    return (await promisify(execFile)("h2load", args)).stdout;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    throw new Error("h2load is missing. Debian and Ubuntu have it: apt-get install nghttp2-client");
  }
}

function parseSummary(output: string): Omit<LoadResult, "p50" | "p99" | "p999"> {
  const number = (pattern: RegExp): number => {
    const match = pattern.exec(output);
    if (match === null) throw new Error(`h2load wrote no ${pattern.source}:\n${output}`);
    return Number(match[1]);
  };
  const requests = number(/(\d+) done/);
  return {
    requests,
    failed: requests - number(/(\d+) 2xx/),
    bodyBytes: number(/\((\d+)\) data/),
    perSecond: number(/([\d.]+) req\/s/),
  };
}

/** h2load's log has a line for each answer: start, status and duration, with tabs between, in microseconds. */
function percentiles(log: string): Pick<LoadResult, "p50" | "p99" | "p999"> {
  const durations = Float64Array.from(log.trimEnd().split("\n"), (line) =>
    Number(line.split("\t")[2]),
  ).sort();
  const at = (share: number) => durations[Math.floor(share * (durations.length - 1))]!;
  return { p50: at(0.5), p99: at(0.99), p999: at(0.999) };
}
