/**
 * Writes src/host/op-modules.generated.json: which module of src/host has which op, so that a thread can load the kernels
 * that it needs and no others. With --check it only says whether the file is up to date.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const HOST = fileURLToPath(new URL("../src/host", import.meta.url));
const FILE = join(HOST, "op-modules.generated.json");

type Ops = Readonly<Record<string, unknown>>;

const rows: { readonly module: string; readonly name: string; readonly ops: readonly string[] }[] = [];

/** Adds what a table takes from other modules, those of tables that it holds among them. */
async function addTable(file: string, all: Ops): Promise<void> {
  for (const [, name, path] of readFileSync(file, "utf8").matchAll(/^import \{ (\w+) \} from "(\..+)";$/gm)) {
    const imported = join(dirname(file), path!);
    if (path!.endsWith("/table.ts")) {
      await addTable(imported, all);
      continue;
    }
    const family = ((await import(imported)) as Record<string, Ops>)[name!]!;
    const ops = Object.keys(family).filter((op) => all[op] === family[op]);
    rows.push({ module: relative(HOST, imported).replace(/\.ts$/, ""), name: name!, ops: ops.sort() });
  }
}

const { hostOps, valueOps } = (await import("../src/host/table.ts")) as Record<string, Ops>;
// An op that is in both is the first's.
await addTable(join(HOST, "table.ts"), { ...valueOps, ...hostOps });
rows.sort((a, b) => (`${a.module} ${a.name}` < `${b.module} ${b.name}` ? -1 : 1));
const text = `[\n${rows.map((row) => JSON.stringify(row)).join(",\n")}\n]\n`;
if (!process.argv.includes("--check")) writeFileSync(FILE, text);
else if (readFileSync(FILE, "utf8") !== text) {
  process.stderr.write(`${FILE} is out of date: run node scripts/op-modules.ts\n`);
  process.exit(1);
}
process.stdout.write(
  `${rows.reduce((sum, { ops }) => sum + ops.length, 0)} ops in ${rows.length} families\n`,
);
