import { mkdir, readdir, rm, stat } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";

const DAY_MILLISECONDS = 24 * 60 * 60 * 1000;

let count = 0;

/**
 * A new folder beside what it is to become, so that a rename does it. Its name says whose it is, so that
 * {@link removeAbandoned} finds what a killed process left.
 */
export async function createTemporaryFolder(parent: string): Promise<string> {
  const folder = unusedTemporaryFolder(parent);
  await mkdir(folder);
  return folder;
}

/** A path at which nothing is, for something to be renamed to before it is deleted. */
export function unusedTemporaryFolder(parent: string): string {
  return join(parent, `.temporary-${process.pid}-${Date.now()}-${count++}-${hostname()}`);
}

/**
 * Deletes temporary folders of processes that are gone, and those of other machines that share the folder once they are
 * a day old.
 */
export async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    const [, pid, host] = /^\.temporary-(\d+)-\d+-\d+-(.*)$/.exec(name) ?? [];
    if (pid === undefined) continue;
    const folder = join(parent, name);
    const gone = host === hostname() && !runs(Number(pid));
    if (gone || (await ageOf(folder)) > DAY_MILLISECONDS) await rm(folder, { recursive: true, force: true });
  }
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

async function ageOf(path: string): Promise<number> {
  try {
    return Date.now() - (await stat(path)).mtimeMs;
  } catch {
    return 0;
  }
}
