/** For tests of what native code leaves in memory. */
import { setImmediate } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");
/** Collects garbage now. */
export const collectGarbage: () => void = runInNewContext("gc");

export const MIB = 1 << 20;

/** Resident bytes once garbage is collected; what native code must free, Node frees in a turn of the event loop. */
export async function residentBytes(): Promise<number> {
  for (let i = 0; i < 2; i++) {
    collectGarbage();
    await setImmediate();
  }
  return process.memoryUsage.rss();
}
