/**
 * Writes the README's tables of flags from the flag table.
 *
 * Usage: scripts/with-node.sh node scripts/flag-reference.ts [--check]   With --check nothing is written; exits with 1 if
 * the tables aren't what the flags say.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { FLAG_GROUPS, type FlagRow } from "../src/flags/flag-row.ts";
import { flagTable } from "../src/flags/flag-table.ts";

const README = fileURLToPath(new URL("../README.md", import.meta.url));
const BEGIN = "<!-- flags: written by scripts/flag-reference.ts -->";
const END = "<!-- end of flags -->";

function tableOf(group: string): string {
  const rows = (flagTable as readonly FlagRow[]).filter((row) => row.group === group);
  const lines = rows.map(({ name, defaultValue, choices, help, noEffect }) => {
    const standard = defaultValue === "" ? "" : `\`${defaultValue}\``;
    const values =
      choices === undefined ? "" : ` One of ${choices.map((choice) => `\`${choice}\``).join(", ")}.`;
    const effect = noEffect === undefined ? "" : ` *Makes no difference here: ${noEffect}.*`;
    return `| \`--${name}\` | ${standard} | ${help}${values}${effect} |`;
  });
  return [`**${group}**`, "", "| flag | default | |", "|---|---|---|", ...lines].join("\n");
}

const text = readFileSync(README, "utf8");
const begin = text.indexOf(BEGIN);
const end = text.indexOf(END);
if (begin < 0 || end < begin) throw new Error(`${README} has no place for the flags: ${BEGIN} ... ${END}`);
const tables = FLAG_GROUPS.map(tableOf).join("\n\n");
const wanted = `${text.slice(0, begin + BEGIN.length)}\n\n${tables}\n\n${text.slice(end)}`;
if (process.argv.includes("--check")) {
  if (wanted !== text) {
    console.error(
      "README.md doesn't say what the flags are: scripts/with-node.sh node scripts/flag-reference.ts writes it",
    );
    process.exitCode = 1;
  }
} else {
  writeFileSync(README, wanted);
}
console.log(`${flagTable.length} flags`);
