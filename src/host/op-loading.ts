import { readFileSync } from "node:fs";
import type { HostFamily, HostOp, ValueFamily, ValueOp } from "./host-op.ts";

/** A family of ops, and the module that exports it under a name. Made by scripts/op-modules.ts. */
interface FamilyRow {
  readonly module: string;
  readonly name: string;
  readonly ops: readonly string[];
}

const EXTENSION = import.meta.url.endsWith(".ts") ? "ts" : "js";

let rows: ReadonlyMap<string, FamilyRow> | undefined;

/**
 * Loads the ops of these names, with the modules that have them: to load all takes 250 ms and 50 MB in each thread, and a
 * model has few of them. Names that TypeScript can't run are left out.
 */
export async function loadOps(names: Iterable<string>): Promise<Readonly<Record<string, HostOp | ValueOp>>> {
  rows ??= readRows();
  const loaded: Record<string, HostOp | ValueOp> = {};
  for (const op of new Set(names)) {
    const row = rows.get(op);
    if (row === undefined) continue;
    const families = (await import(`./${row.module}.${EXTENSION}`)) as Record<
      string,
      HostFamily | ValueFamily
    >;
    loaded[op] = families[row.name]![op]!;
  }
  return loaded;
}

function readRows(): ReadonlyMap<string, FamilyRow> {
  const text = readFileSync(new URL("./op-modules.generated.json", import.meta.url), "utf8");
  const families = JSON.parse(text) as readonly FamilyRow[];
  return new Map(families.flatMap((row) => row.ops.map((op) => [op, row] as const)));
}
