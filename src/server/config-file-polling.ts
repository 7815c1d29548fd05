import { setTimeout as sleep } from "node:timers/promises";
import type { ModelConfig } from "../config/model-server-config.ts";
import { LONGEST_TIMER } from "../longest-timer.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError } from "../status/status.ts";

export interface ConfigFilePolling {
  /** Seconds between two looks, above 0. */
  readonly pollWaitSeconds: number;
  readonly read: () => Promise<readonly ModelConfig[] | undefined>;
  readonly reload: (models: readonly ModelConfig[] | undefined) => Promise<void>;
  readonly log: Logger;
}

/**
 * Reads the configuration again and again and reloads it, until the signal ends it. What goes wrong is logged, when it
 * changes, and changes nothing. A reload whose models don't come doesn't keep the next from being read.
 */
export async function pollConfigFile(
  { pollWaitSeconds, read, reload, log }: ConfigFilePolling,
  signal: AbortSignal,
): Promise<void> {
  let known: string | undefined;
  const say = (problem: string) => {
    if (problem !== known) log.error(problem);
    known = problem;
  };
  const wait = Math.min(pollWaitSeconds * 1000, LONGEST_TIMER);
  for (;;) {
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const models = await read();
      reload(models).then(
        () => {
          known = undefined;
        },
        (error: unknown) =>
          say(`PollFilesystemAndReloadConfig failed to ReloadConfig: ${asStatusError(error).message}`),
      );
    } catch (error) {
      say(`Failed to read ModelServerConfig file: ${asStatusError(error).message}`);
    }
  }
}
