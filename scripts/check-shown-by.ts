/**
 * Checks the tables of docs that say what a test shows: every row names a test in its last cell, as `file` › `name`, and each
 * of those is there. Prints what is wrong and exits with 1.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const PAGES = ["docs/reference/compatibility.md", "docs/security.md"];
const REFERENCE = /`([^`]+)` › `([^`]+)`/g;

/** What is wrong with one row: its last cell names no test, or one that isn't there. */
function problemsOf(row: string): string[] {
  // A bar inside of a cell is written \|.
  const cells = row.split(/(?<!\\)\|/).slice(1, -1);
  const named = [...(cells.at(-1) ?? "").matchAll(REFERENCE)];
  if (named.length === 0) return [`names no test: ${row}`];
  return named.filter(([, file, name]) => !hasTest(file!, name!)).map(([text]) => `no such test: ${text}`);
}

function hasTest(file: string, name: string): boolean {
  const path = join(ROOT, file);
  if (!existsSync(path)) return false;
  const text = readFileSync(path, "utf8");
  if (file.endsWith(".py")) return text.includes(`def ${name}(`);
  // A test, a group of tests, a test whose name has a variable in it, or a row of a table of tests.
  return (
    text.includes(`(${JSON.stringify(name)}`) ||
    text.includes(`(\`${name}\``) ||
    new RegExp(`^\\s*(?:\\[?${literal(name)},|(?:${literal(name)}|${escaped(name)}):)`, "m").test(text)
  );
}

function literal(name: string): string {
  return escaped(JSON.stringify(name));
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The rows of a page's tables, without their heads. */
function rowsOf(page: string): readonly string[] {
  const lines = readFileSync(join(ROOT, page), "utf8").split("\n");
  return lines.filter(
    (line, i) => line.startsWith("|") && !line.startsWith("|---") && !lines[i + 1]?.startsWith("|---"),
  );
}

for (const page of PAGES) {
  const rows = rowsOf(page);
  for (const problem of rows.length === 0 ? ["no rows"] : rows.flatMap(problemsOf)) {
    console.error(`${page}: ${problem}`);
    process.exitCode = 1;
  }
}
