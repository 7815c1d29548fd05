import { FLAG_GROUPS, type FlagRow } from "./flag-row.ts";
import { flagTable } from "./flag-table.ts";

const WIDTH = 100;
const INDENT = "      ";

/** The flags by group, each with its type, default and meaning, wrapped for a terminal. */
export function formatFlags(): string {
  return FLAG_GROUPS.map((group) => {
    const rows = (flagTable as readonly FlagRow[]).filter((row) => row.group === group);
    return `${group}:\n${rows.map(formatRow).join("")}`;
  }).join("\n");
}

function formatRow(row: FlagRow): string {
  const form =
    row.type === "bool"
      ? `--${row.name}`
      : `--${row.name}=${row.type === "int" || row.type === "float" ? "N" : (row.choices?.join("|") ?? "TEXT")}`;
  const standard = row.defaultValue === "" ? "no default" : `default ${row.defaultValue}`;
  const noEffect = row.noEffect === undefined ? "" : ` Makes no difference here: ${row.noEffect}.`;
  return `  ${form}\n${wrap(`${row.help}${noEffect} (${standard})`)}`;
}

function wrap(text: string): string {
  const lines: string[] = [];
  let line = INDENT;
  for (const word of text.split(" ")) {
    if (line !== INDENT && line.length + word.length + 1 > WIDTH) {
      lines.push(line);
      line = INDENT;
    }
    line += line === INDENT ? word : ` ${word}`;
  }
  return `${[...lines, line].join("\n")}\n`;
}
