import { joinPath, type Storage } from "../storage/storage.ts";

/** What a folder held when it was looked at. */
export interface FolderLook {
  /** Equal for two looks between which nothing changed: names, sizes and times. */
  readonly content: string;
  /** When something in it changed last, in milliseconds since 1970. */
  readonly changed: number;
  /** When it was looked at, on the clock of `performance.now()`. */
  readonly at: number;
}

/** Looks at everything in a folder. @throws StatusError (rejects) if it, or a part of it, can't be read or goes away. */
export async function lookInto(storage: Storage, folder: string): Promise<FolderLook> {
  const lines: string[] = [];
  let changed = 0;
  const visit = async (path: string): Promise<void> => {
    const { isDirectory, size, modified } = await storage.stat(path);
    changed = Math.max(changed, modified);
    lines.push(`${path} ${size} ${modified}`);
    if (!isDirectory) return;
    const entries = await storage.list(path);
    await Promise.all(entries.map(({ name }) => visit(joinPath(path, name))));
  };
  await visit(folder);
  return { content: lines.sort().join("\n"), changed, at: performance.now() };
}

/**
 * Whether nobody writes to a folder any more: its last change lies back, or, where clocks can't be compared, it looks
 * as it did that long ago.
 * @param before an earlier look, if there was one.
 * @param now in milliseconds since 1970.
 * @param quiet how long, in milliseconds.
 */
export function isSettled(
  look: FolderLook,
  before: FolderLook | undefined,
  now: number,
  quiet: number,
): boolean {
  if (look.changed <= now - quiet) return true;
  return before?.content === look.content && look.at - before.at >= quiet;
}
