import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { packageVersion } from "../src/package-version.ts";
import { formatTable } from "./table.ts";

/** One model, kind of request and load. Times in microseconds. */
export interface LoadRow {
  readonly model: string;
  readonly request: string;
  /** Connections, or requests per second. */
  readonly load: string;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** CPU time of the server's whole process tree per request. */
  readonly cpu: number;
  /** The same session's run on one thread, without a server. */
  readonly inProcess: number;
  /** Bytes on V8's heaps per request. */
  readonly allocated?: number | undefined;
}

export interface Results {
  readonly version: string;
  readonly node: string;
  readonly machine: string;
  readonly when: string;
  readonly arguments: readonly string[];
  readonly load: readonly LoadRow[];
}

const FOLDER = fileURLToPath(new URL("results/", import.meta.url));

/** @returns the path of the file that a later run can be compared with. */
export function saveResults(args: readonly string[], load: readonly LoadRow[]): string {
  const when = new Date().toISOString();
  const results: Results = {
    version: packageVersion,
    node: process.version,
    machine: `${availableParallelism()} x ${cpus()[0]?.model ?? "unknown"}`,
    when,
    arguments: args,
    load,
  };
  mkdirSync(FOLDER, { recursive: true });
  const path = `${FOLDER}${when.replaceAll(":", "-")}.json`;
  writeFileSync(path, `${JSON.stringify(results, undefined, 1)}\n`);
  return path;
}

export function readResults(path: string): Results {
  return JSON.parse(readFileSync(path, "utf8"));
}

export function formatLoad(rows: readonly LoadRow[]): string {
  const header = [
    "model",
    "request",
    "connections",
    "requests/s",
    "p50 us",
    "p99 us",
    "p99.9 us",
    "CPU us/request",
    "in process us",
    "ratio",
    "allocated bytes",
  ];
  const cells = rows.map((row) => [
    row.model,
    row.request,
    row.load,
    row.perSecond.toFixed(0),
    row.p50.toFixed(0),
    row.p99.toFixed(0),
    row.p999.toFixed(0),
    row.cpu.toFixed(0),
    row.inProcess.toFixed(0),
    (row.cpu / row.inProcess).toFixed(2),
    row.allocated === undefined ? "" : row.allocated.toFixed(0),
  ]);
  return formatTable(header, cells);
}

/** What each row that both have is of the other's: below 1 is less. */
export function compareResults(a: Results, b: Results): string {
  // Rates are a share of what was reached, and differ.
  const key = ({ model, request, load }: LoadRow) =>
    `${model} ${request} ${load.endsWith("/s") ? "open" : load}`;
  const others = new Map(b.load.map((row) => [key(row), row]));
  const rows = a.load.flatMap((row) => {
    const other = others.get(key(row));
    if (other === undefined) return [];
    const ratio = (field: "perSecond" | "p50" | "p99" | "p999" | "cpu" | "allocated") => {
      const [from, to] = [row[field], other[field]];
      return from === undefined || to === undefined ? "" : (to / from).toFixed(2);
    };
    return [
      [
        row.model,
        row.request,
        row.load,
        ratio("perSecond"),
        ratio("p50"),
        ratio("p99"),
        ratio("p999"),
        ratio("cpu"),
        // How much of it is the machine's.
        (other.inProcess / row.inProcess).toFixed(2),
        ratio("allocated"),
      ],
    ];
  });
  const header = [
    "B / A",
    "request",
    "connections",
    "requests/s",
    "p50",
    "p99",
    "p99.9",
    "CPU",
    "in process",
    "allocated",
  ];
  return formatTable(header, rows);
}
