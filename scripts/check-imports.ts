/**
 * Checks the import rules of docs/architecture.md over src/: which folder may import which, no cycles between files,
 * no drawers. Prints what is wrong and exits with 1.
 */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const SOURCE = fileURLToPath(new URL("../src", import.meta.url));

/** Anyone may import these; they import only each other. */
const LEAVES = [
  "status",
  "tensor",
  "state",
  "proto",
  "metrics",
  "registry",
  "package-version.ts",
  "free-port.ts",
  "cache-folder.ts",
  "longest-timer.ts",
];

/** What else each folder may import: folders, or single files where only a contract is meant. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  status: [],
  tensor: [],
  proto: [],
  metrics: [],
  registry: [],
  state: [],
  flags: [],
  config: [
    "sources/versions-to-aspire.ts",
    "batching/batching-parameters.ts",
    "request-log/request-logging.ts",
    "engines/engine-choice.ts",
  ],
  storage: [],
  lifecycle: ["engines/engine.ts"],
  sources: ["storage", "lifecycle"],
  server: ["config", "sources", "lifecycle", "request-log/request-logging.ts"],
  formats: ["storage"],
  host: ["formats", "storage"],
  import: ["formats", "host", "engines/engine.ts"],
  engines: [],
  batching: ["engines/engine.ts", "lifecycle/servable.ts"],
  verification: ["import", "host/math/floats.ts", "lifecycle", "engines/engine.ts"],
  loaders: [
    "verification",
    "formats",
    "import",
    "host",
    "engines",
    "batching",
    "lifecycle",
    "storage",
    "config/text-proto.ts",
  ],
  inference: ["lifecycle", "engines/engine.ts"],
  monitoring: ["lifecycle", "engines/engine.ts"],
  protocols: ["inference", "lifecycle", "engines/engine.ts", "monitoring"],
  listeners: ["protocols", "config"],
  "request-log": ["formats", "protocols"],
  warmup: ["formats", "storage", "lifecycle", "protocols"],
  profiling: [],
  threads: [
    "config",
    "lifecycle",
    "sources",
    "storage",
    "engines",
    "batching",
    "loaders",
    "inference",
    "protocols",
    "listeners",
    "monitoring",
    "profiling",
    "warmup",
    "request-log",
  ],
  commands: [
    "flags",
    "assembly.ts",
    "formats",
    "import",
    "storage",
    "loaders",
    "engines",
    "lifecycle",
    "warmup",
    "verification",
    "threads/idle-memory.ts",
  ],
};

/** What requests' words pass through: nothing there touches files, so that no name in a request can lead to one. */
const WITHOUT_FILES = ["protocols", "inference", "lifecycle", "batching", "tensor"];

/** Reads a part of the program. */
const READS_ITSELF = ["protocols/rest/json/list-scanner.ts"];

/** They put everything together. */
const ROOTS = /^(main|assembly|index)(\.[\w.-]+)?\.ts$/;

/** Tests reach for the engine and for storage to see a whole thing work. */
const TEST_EXTRAS = ["engines", "storage"];

const DRAWERS = /(^|\/)(utils?|helpers?|common|misc)(\/|\.|$)/i;

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return filesBelow(path);
    return path.endsWith(".ts") ? [relative(SOURCE, path)] : [];
  });
}

function importsOf(file: string): string[] {
  const text = readFileSync(join(SOURCE, file), "utf8");
  const specifiers = [...text.matchAll(/^(?:import|export)\b[^;"']*?["'](\.{1,2}\/[^"']+)["']/gms)].map(
    (m) => m[1]!,
  );
  return specifiers
    .map((specifier) => join(dirname(file), specifier))
    .filter((target) => !target.startsWith(".."));
}

function touchesFiles(file: string): boolean {
  return /["'](?:node:)?fs(?:\/promises)?["']/.test(readFileSync(join(SOURCE, file), "utf8"));
}

function isTestCode(file: string): boolean {
  return /\.test\.ts$|-(contract|cases)\.ts$/.test(file);
}

function mayImport(file: string, target: string): boolean {
  const [from, to] = [file.split("/")[0]!, target.split("/")[0]!];
  if (from === to || ROOTS.test(file) || LEAVES.includes(to)) return true;
  const allowed = [...(ALLOWED[from] ?? []), ...(isTestCode(file) ? TEST_EXTRAS : [])];
  return allowed.includes(to) || allowed.includes(target);
}

function findCycle(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const state = new Map<string, "open" | "done">();
  const visit = (file: string, path: readonly string[]): string[] | undefined => {
    if (state.get(file) === "done") return undefined;
    if (state.get(file) === "open") return [...path.slice(path.indexOf(file)), file];
    state.set(file, "open");
    for (const target of graph.get(file) ?? []) {
      const cycle = visit(target, [...path, file]);
      if (cycle !== undefined) return cycle;
    }
    state.set(file, "done");
    return undefined;
  };
  for (const file of graph.keys()) {
    const cycle = visit(file, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

const files = filesBelow(SOURCE);
const graph = new Map(files.map((file) => [file, importsOf(file)]));
const problems: string[] = [];
for (const [file, targets] of graph) {
  const folder = file.split("/")[0]!;
  if (file.includes("/") && ALLOWED[folder] === undefined)
    problems.push(`${file}: the folder ${folder} has no import rule`);
  if (DRAWERS.test(file)) problems.push(`${file}: a name that says nothing`);
  const isWithoutFiles = WITHOUT_FILES.includes(folder) && !READS_ITSELF.includes(file);
  if (isWithoutFiles && !isTestCode(file) && touchesFiles(file))
    problems.push(`${file}: requests come by here, which must not reach files`);
  for (const target of targets)
    if (!mayImport(file, target)) problems.push(`${file} must not import ${target}`);
}
const cycle = findCycle(graph);
if (cycle !== undefined) problems.push(`Import cycle: ${cycle.join(" -> ")}`);
for (const problem of problems) console.error(problem);
console.log(`${files.length} files, ${problems.length} problems`);
process.exitCode = problems.length === 0 ? 0 : 1;
