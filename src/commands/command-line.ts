import { type ParseArgsOptionsConfig, parseArgs } from "node:util";

type CommandLine<O extends ParseArgsOptionsConfig> = ReturnType<
  typeof parseArgs<{ options: O; allowPositionals: true }>
>;

/** A subcommand's options, and what stands beside them; what is wrong, in words, if anything is. */
export function readCommandLine<const O extends ParseArgsOptionsConfig>(
  args: readonly string[],
  options: O,
): CommandLine<O> | string {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (error) {
    return (error as Error).message;
  }
}

/** Why these aren't the one folder that is wanted; undefined if they are. */
export function notOneFolder(positionals: readonly string[]): string | undefined {
  if (positionals.length === 1) return undefined;
  return `Expected one folder, got ${positionals.length}: ${positionals.join(" ") || "none"}`;
}
