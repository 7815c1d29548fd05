/**
 * Writes docs/reference/ops.md: where each op of TensorFlow's registry runs, or why it doesn't.
 *
 * Usage: node scripts/op-reference.ts [--check]   With --check nothing is written; exits with 1 if the page isn't what the
 * tables say, if an op has neither a place nor a reason, or if a reason or a place is there for nothing.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { hostOps, valueOps } from "../src/host/table.ts";
import { tableOps } from "../src/host/tables/table-op.ts";
import { translators } from "../src/import/ops/table.ts";
import { ownOps } from "../src/import/own-ops.ts";
import { variableUpdates } from "../src/import/passes/variable-updates.ts";
import { fileOps } from "../src/registry/file-ops.ts";
import { ELSEWHERE, REASONS } from "./op-classes.ts";

const PAGE = new URL("../docs/reference/ops.md", import.meta.url);
const REGISTRY = new URL("../src/registry/op-registry.generated.json", import.meta.url);

const registry = Object.keys(JSON.parse(readFileSync(REGISTRY, "utf8")) as object);
const problems: string[] = [];

function placesOf(op: string): string[] {
  const places: string[] = [];
  if (Object.hasOwn(translators, op)) places.push("ONNX");
  if ([hostOps, valueOps, tableOps].some((table) => Object.hasOwn(table, op))) places.push("TypeScript");
  if (Object.hasOwn(variableUpdates, op)) places.push("state");
  for (const [where, ops] of ELSEWHERE) if (ops.includes(op)) places.push(where);
  return places;
}

function reasonOf(op: string): string {
  const found = REASONS.find(([, pattern]) => new RegExp(`^(?:${pattern.source})$`).test(op));
  if (found === undefined) return "open";
  used.add(found);
  return found[0];
}

const used = new Set<(typeof REASONS)[number]>();
const places = new Map(registry.map((op) => [op, placesOf(op)]));
const covered = registry.filter((op) => places.get(op)!.length > 0);
const left = Map.groupBy(
  registry.filter((op) => places.get(op)!.length === 0),
  reasonOf,
);

for (const row of REASONS)
  if (!used.has(row)) problems.push(`no op is left out for ${row[0]}: ${row[1].source}`);
for (const [where, ops] of ELSEWHERE) {
  for (const op of ops) {
    if (!registry.includes(op))
      problems.push(`the registry has no ${op}, which ${where} is said to deal with`);
    if (places.get(op)?.[0] !== where) problems.push(`${op} has a place besides ${where}: ${places.get(op)}`);
  }
}
for (const op of [translators, hostOps, valueOps, tableOps].flatMap((table) => Object.keys(table))) {
  if (!registry.includes(op) && !Object.hasOwn(ownOps, op)) problems.push(`the registry has no ${op}`);
}

function wrapped(ops: readonly string[]): string {
  const lines: string[] = [];
  let line = "";
  for (const op of ops) {
    if (line.length + op.length > 110) {
      lines.push(line.trimEnd());
      line = "";
    }
    line += `${op}, `;
  }
  return [...lines, line].join("\n").replace(/,\s*$/, "");
}

const rows = covered.map((op) => `| ${op} | ${places.get(op)!.join(", ")} |`);
const sections = [...left]
  .sort(([a], [b]) => a.localeCompare(b))
  .map(([reason, ops]) => `### ${reason} (${ops.length})\n\n${wrapped(ops)}\n`);

const page = `# Ops

Which ops of TensorFlow's registry can be served, and where they run. \`scripts/op-reference.ts\` writes this page from the
tables of the code; \`npm run check\` compares.

Of ${registry.length} ops ${covered.length} are covered. A model with another one isn't loaded; the error names the op.

- **ONNX**: translated, as part of a session. Where a use of the op can't be expressed, TypeScript takes over if it is named
  too.
- **TypeScript**: a kernel between sessions. Of those that solve and decompose matrices (MatrixInverse, Cholesky, Svd, ...) only
  Eig, MatrixExponential, MatrixLogarithm and MatrixSquareRoot take complex numbers; a model that gives them to another isn't
  loaded.
- **state**: variables and tables, whose values live with the servable.
- **control flow**, **inlining**, **TensorLists**, **pruned**: a pass over the graph puts something else in its
  place.
- Of those in TypeScript, ${[...fileOps]
  .filter((op) => Object.hasOwn(hostOps, op))
  .sort()
  .join(", ")} need \`--allow_file_ops\`
  ([why](../models-that-touch-files.md)).
- **initialization**: followed when the model is loaded, to find out what variables and tables hold.

| op | runs in |
|---|---|
${rows.join("\n")}

## Not covered

By reason: what belongs to training, input pipelines, other devices or files stands in no graph that answers requests, and
what TensorFlow has no CPU kernel for can't be served by TensorFlow Serving either. What could stand in such a graph is
listed under *open*.

${sections.join("\n")}`;

if (process.argv.includes("--check")) {
  let written = "";
  try {
    written = readFileSync(PAGE, "utf8");
  } catch {}
  if (written !== page)
    problems.push(
      "docs/reference/ops.md is not what the tables say: scripts/with-node.sh node scripts/op-reference.ts writes it",
    );
} else {
  writeFileSync(PAGE, page);
}
for (const problem of problems) console.error(problem);
console.log(`${registry.length} ops, ${covered.length} covered, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
