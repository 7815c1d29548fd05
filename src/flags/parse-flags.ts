import { invalidArgument } from "../status/status.ts";
import type { FlagRow, FlagType } from "./flag-row.ts";
import { type Flags, flagTable } from "./flag-table.ts";
import { closestName } from "./suggestion.ts";

export interface ParsedFlags {
  readonly flags: Flags;
  /** The names of those that were given. */
  readonly given: ReadonlySet<string>;
  /** A sentence for each argument that is no flag of ours. */
  readonly unknown: readonly string[];
  /** A sentence for each flag whose value can't be read. */
  readonly invalid: readonly string[];
}

const ROWS: ReadonlyMap<string, FlagRow> = new Map(flagTable.map((row) => [row.name, row]));

/**
 * Reads flags as TensorFlow Serving does: `--name=value`; a bool also as `--name` and `--noname`; one or two dashes;
 * the last of several wins. `--name value` is accepted too where the flag isn't a bool.
 */
export function parseFlags(args: readonly string[]): ParsedFlags {
  const values: Record<string, string | number | boolean> = {};
  for (const row of flagTable) values[row.name] = row.defaultValue;
  const given = new Set<string>();
  const unknown: string[] = [];
  const invalid: string[] = [];
  for (let i = 0; i < args.length; i++) {
    const match = /^--?([A-Za-z][\w-]*)(?:=(.*))?$/s.exec(args[i]!);
    const row = match === null ? undefined : findRow(match[1]!);
    if (match === null || row === undefined) {
      unknown.push(describeUnknown(args[i]!, match?.[1]));
      continue;
    }
    given.add(row.name);
    const negated = row.name !== normalize(match[1]!);
    let text = match[2];
    if (text === undefined && row.type !== "bool" && i + 1 < args.length) text = args[++i]!;
    const value = negated && text === undefined ? false : readValue(row, text);
    const isRead = value !== undefined && isWithin(row, value) && !(negated && text !== undefined);
    if (isRead) values[row.name] = value;
    else invalid.push(describeInvalid(row, text));
  }
  return { flags: Object.freeze(values) as unknown as Flags, given, unknown, invalid };
}

/**
 * What a program has set in the place of a command line.
 * @throws StatusError INVALID_ARGUMENT for a value that the command line wouldn't take, with the flag's name.
 */
export function checkFlags(flags: Flags): void {
  for (const row of flagTable as readonly FlagRow[]) {
    const value = flags[row.name as keyof Flags];
    const isTaken = readValue(row, String(value)) === value && isWithin(row, value);
    if (!isTaken) throw invalidArgument(describeInvalid(row, String(value)));
  }
}

const normalize = (name: string): string => name.replaceAll("-", "_");

function findRow(written: string): FlagRow | undefined {
  const name = normalize(written);
  const row = ROWS.get(name);
  if (row !== undefined || !name.startsWith("no")) return row;
  const positive = ROWS.get(name.slice(2));
  return positive?.type === "bool" ? positive : undefined;
}

function readValue(row: FlagRow, text: string | undefined): string | number | boolean | undefined {
  switch (row.type) {
    case "string":
      return text !== undefined && row.choices?.includes(text) === false ? undefined : text;
    case "bool":
      if (text === undefined || text === "true" || text === "1") return true;
      return text === "false" || text === "0" ? false : undefined;
    case "float":
      return text !== undefined && text.trim() !== "" && Number.isFinite(Number(text))
        ? Number(text)
        : undefined;
    case "int":
      return text !== undefined && /^[+-]?\d+$/.test(text) && Number.isSafeInteger(Number(text))
        ? Number(text)
        : undefined;
  }
}

const TYPE_NAMES: Readonly<Record<FlagType, string>> = {
  string: "a text",
  int: "a whole number",
  float: "a number",
  bool: "true or false",
};

function isWithin({ least, most }: FlagRow, value: string | number | boolean): boolean {
  if (typeof value !== "number") return true;
  return (least === undefined || value >= least) && (most === undefined || value <= most);
}

function describeInvalid(row: FlagRow, text: string | undefined): string {
  const wanted = row.choices?.join(", ") ?? `${TYPE_NAMES[row.type]}${describeRange(row)}`;
  return `--${row.name} takes ${wanted}, ${text === undefined ? "but no value came" : `not "${text}"`}`;
}

function describeRange({ least, most }: FlagRow): string {
  if (least === undefined) return most === undefined ? "" : ` of at most ${most}`;
  return most === undefined ? ` of ${least} or more` : ` from ${least} to ${most}`;
}

function describeUnknown(argument: string, name: string | undefined): string {
  if (name === undefined) return `Unknown argument: ${argument}`;
  const closest = closestName(normalize(name), [...ROWS.keys()]);
  return `Unknown flag: --${name}${closest === undefined ? "" : `. Did you mean --${closest}?`}`;
}
