import { formatTable } from "../table.ts";
import type { NodeCount } from "./onnx-nodes.ts";

/** What was measured of a model; a part that is missing failed, and the notes say why. */
export interface Row {
  readonly name: string;
  readonly ours?: Graph & {
    readonly regions: number;
    readonly hostOps: number;
    readonly loadMilliseconds: number;
  };
  readonly converted?: (Graph & Compared) | undefined;
  readonly tensorflow?: Compared | undefined;
  readonly notes: readonly string[];
}

interface Graph extends NodeCount {
  /** What ONNX Runtime's optimizer leaves. */
  readonly optimized: NodeCount | undefined;
  /** Per request. */
  readonly microseconds: number;
}

interface Compared {
  readonly microseconds: number;
  /** What ours takes over what this takes. */
  readonly ratio: number;
}

const LEGEND = `\
nodes, transposes: of the ONNX graphs as they are given to ONNX Runtime > as its optimizer leaves them
regions: ONNX sessions per request; host ops: steps in TypeScript
load ms: reading, importing and creating sessions, the fastest of some loads
us: one request with all inputs ready, one thread; the fastest of rounds in which each had its turn, in each of them the
less of the time that passed and the CPU time, as what else the machine does only adds. Ours and tf2onnx's in this process; TensorFlow in Python by the faster of
Session.make_callable and a ConcreteFunction, whose call overhead of 20 to 100 us is in its time
ratios: our time over theirs
`;

const FULL = [
  "model",
  "nodes",
  "transposes",
  "regions",
  "host ops",
  "load ms",
  "us",
  "tf2onnx nodes",
  "transposes",
  "us",
  "ratio",
  "TensorFlow us",
  "ratio",
];

const CONDENSED = [
  "model",
  "nodes",
  "regions",
  "host ops",
  "load ms",
  "run us",
  "to tf2onnx",
  "to TensorFlow",
];

export function formatFull(rows: readonly Row[]): string {
  const table = formatTable(
    FULL,
    rows.map(({ name, ours, converted, tensorflow }) => [
      name,
      change(ours, "nodes"),
      change(ours, "transposes"),
      text(ours?.regions),
      text(ours?.hostOps),
      number(ours?.loadMilliseconds),
      number(ours?.microseconds),
      change(converted, "nodes"),
      change(converted, "transposes"),
      number(converted?.microseconds),
      text(converted?.ratio.toFixed(2)),
      number(tensorflow?.microseconds),
      text(tensorflow?.ratio.toFixed(2)),
    ]),
  );
  const notes = rows.flatMap(({ name, notes }) => notes.map((note) => `${name}: ${oneLine(note)}\n`));
  return [table, LEGEND, notes.join("")].join("\n");
}

export function formatMarkdown(rows: readonly Row[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |\n`;
  return [
    line(CONDENSED),
    `|${"---|".repeat(CONDENSED.length)}\n`,
    ...rows.map(({ name, ours, converted, tensorflow }) =>
      line([
        name,
        text(ours?.nodes),
        text(ours?.regions),
        text(ours?.hostOps),
        number(ours?.loadMilliseconds),
        number(ours?.microseconds),
        text(converted?.ratio.toFixed(2)),
        text(tensorflow?.ratio.toFixed(2)),
      ]),
    ),
  ].join("");
}

/** A line to watch while others are measured. */
export function summary({ name, ours, converted, tensorflow, notes }: Row): string {
  const ratios = [converted, tensorflow].map((other) => text(other?.ratio.toFixed(2)));
  return [name, number(ours?.microseconds), ...ratios, ...notes.map(oneLine)].join("  ");
}

function change(graph: Graph | undefined, what: keyof NodeCount): string {
  return graph === undefined ? "-" : `${graph[what]} > ${graph.optimized?.[what] ?? "?"}`;
}

function text(value: number | string | undefined): string {
  return value === undefined ? "-" : String(value);
}

function number(value: number | undefined): string {
  if (value === undefined) return "-";
  return value < 10 ? value.toFixed(1) : value.toFixed(0);
}

function oneLine(message: string): string {
  return message.replaceAll(/\s+/g, " ").slice(0, 160);
}
