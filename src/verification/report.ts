import type { Signature } from "../lifecycle/servable.ts";
import { codeName } from "../status/status.ts";
import type { Comparison, OutputComparison, SignatureComparison } from "./comparison.ts";

type Row = readonly [
  signature: string,
  output: string,
  compared: string,
  absolute: string,
  relative: string,
  verdict: string,
];

const HEADER: Row = ["signature", "output", "compared", "max abs", "max rel", "verdict"];
const RIGHT_ALIGNED = [2, 3, 4];

/** What stands for the run as a whole where rows have an output. */
const WHOLE = "(errors)";

/** A table with a row for each output of each signature, and one for the requests that were refused. */
export function comparisonTable(comparison: Comparison, signatures: ReadonlyMap<string, Signature>): string {
  const rows: Row[] = [HEADER];
  for (const [key, { outputs }] of signatures) {
    const counts = comparison.signatures.get(key);
    for (const name of outputs.keys()) rows.push(outputRow(key, name, counts?.outputs.get(name)));
    if (counts !== undefined && counts.refused + counts.endedDifferently > 0)
      rows.push(errorRow(key, counts));
  }
  const widths = HEADER.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  const cell = (text: string, column: number) =>
    RIGHT_ALIGNED.includes(column) ? text.padStart(widths[column]!) : text.padEnd(widths[column]!);
  return rows.map((row) => `${row.map(cell).join("  ").trimEnd()}\n`).join("");
}

/** A line for each output in which the engines disagree, and for what they don't both refuse. */
export function describeDisagreements({ disagreements }: Comparison): readonly string[] {
  return disagreements.map(({ signature, output, run, problem }) => {
    const what = output === undefined ? "request" : `output ${output}`;
    return output === undefined
      ? `signature ${signature}, ${what} ${run}: ${problem}`
      : `signature ${signature}, ${what}, request ${run}: ${output}${problem}`;
  });
}

function outputRow(signature: string, output: string, found: OutputComparison | undefined): Row {
  if (found?.incomparable !== undefined) {
    return [signature, output, "0", "-", "-", `not comparable: by ${found.incomparable}`];
  }
  if (found === undefined || found.compared === 0) {
    return [signature, output, "0", "-", "-", "not compared"];
  }
  const { compared, maxAbsolute, maxRelative, differing } = found;
  const verdict = differing === 0 ? "agree" : `DIFFER in ${differing}`;
  return [signature, output, String(compared), formatSize(maxAbsolute), formatSize(maxRelative), verdict];
}

function errorRow(signature: string, { refused, codes, endedDifferently }: SignatureComparison): Row {
  const same = refused === 0 ? "" : `both refuse ${refused} (${[...codes].map(codeName).join(", ")})`;
  const others = endedDifferently === 0 ? "" : `DIFFER in ${endedDifferently}`;
  const verdict = [others, same].filter((part) => part !== "").join(", ");
  return [signature, WHOLE, String(refused + endedDifferently), "-", "-", verdict];
}

function formatSize(value: number): string {
  return value === 0 || (Number.isInteger(value) && value < 1e6) ? String(value) : value.toExponential(1);
}
