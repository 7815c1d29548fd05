import { setTimeout as sleep } from "node:timers/promises";
import { LONGEST_TIMER } from "../longest-timer.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError, Code, formatStatus } from "../status/status.ts";

/** Defaults of the flags of the same names: TensorFlow Serving's main.cc. */
export interface RetryPolicy {
  /** Attempts after the first. Default 5. */
  readonly maxNumLoadRetries: number;
  /** Microseconds between attempts; negative means none. Default 60,000,000. */
  readonly loadRetryIntervalMicros: number;
}

/**
 * Runs `attempt` until it resolves or the retries are used up; UNIMPLEMENTED ends it at once. Log lines: TensorFlow Serving's retrier.cc.
 * @param what for the log, e.g. `Loading servable: {name: m version: 1}`.
 * @param signal ends the waiting and all further attempts; an attempt under way is waited for.
 * @throws what the last attempt threw, or the signal's reason.
 */
export async function retry<R>(
  what: string,
  policy: RetryPolicy,
  signal: AbortSignal,
  log: Logger,
  attempt: () => Promise<R>,
): Promise<R> {
  for (let retries = 0; ; retries++) {
    signal.throwIfAborted();
    if (retries > 0) log.info(`Retrying of ${what} retry: ${retries}`);
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted) break;
      log.error(`${what} failed: ${formatStatus(asStatusError(error))}`);
      if (isPermanent(error)) throw error;
      if (retries === policy.maxNumLoadRetries) {
        log.info(`Retrying of ${what} exhausted max_num_retries: ${policy.maxNumLoadRetries}`);
        throw error;
      }
    }
    const wait = Math.min(Math.max(policy.loadRetryIntervalMicros / 1000, 0), LONGEST_TIMER);
    await sleep(wait, undefined, { signal }).catch(() => {});
    if (signal.aborted) break;
  }
  log.info(`Retrying of ${what} was cancelled.`);
  throw signal.reason;
}

/** A model that no engine can run stays so, where a file that can't be read may be on its way. */
function isPermanent(error: unknown): boolean {
  return asStatusError(error).code === Code.UNIMPLEMENTED;
}
