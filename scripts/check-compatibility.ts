/**
 * Checks docs/reference/compatibility.md: every row of its tables names a test, as `file` › `name`, and each of those is
 * there. Prints what is wrong and exits with 1.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGE = "docs/reference/compatibility.md";
const REFERENCE = /`([^`]+)` › `([^`]+)`/g;

/** What is wrong with one row: its last cell names no test, or one that isn't there. */
function problemsOf(row: string): string[] {
  // A bar inside of a cell is written \|.
  const cells = row.split(/(?<!\\)\|/).slice(1, -1);
  const named = [...(cells.at(-1) ?? "").matchAll(REFERENCE)];
  // What TensorFlow Serving lacks has no cell for how it has it.
  if (cells.length < 2 || cells.length > 3 || named.length === 0) return [`names no test: ${row}`];
  return named.filter(([, file, name]) => !hasTest(file!, name!)).map(([text]) => `no such test: ${text}`);
}

function hasTest(file: string, name: string): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  if (file.endsWith(".py")) return text.includes(`def ${name}(`);
  // A test, a group of tests, or a row of a table of tests.
  return (
    text.includes(`(${JSON.stringify(name)}`) || new RegExp(`^\\s*\\[?${literal(name)},`, "m").test(text)
  );
}

function literal(name: string): string {
  return JSON.stringify(name).replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

const rows = readFileSync(join(ROOT, PAGE), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("|") && !/^\|(---|\s*(TensorFlow Serving|here) \|)/.test(line));
const problems = rows.length === 0 ? ["no rows"] : rows.flatMap(problemsOf);
for (const problem of problems) console.error(`${PAGE}: ${problem}`);
if (problems.length > 0) process.exitCode = 1;
