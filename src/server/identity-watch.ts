import { setTimeout as sleep } from "node:timers/promises";
import type { TlsIdentity } from "../config/tls-identity.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError } from "../status/status.ts";

export interface IdentityWatch {
  /** The file, for the log. */
  readonly path: string;
  /** What is in use. */
  readonly initial: TlsIdentity;
  readonly read: () => Promise<TlsIdentity>;
  /** Told of another key or certificate, or other authorities. */
  readonly renew: (identity: TlsIdentity) => void;
  readonly log: Logger;
  /** Between two looks. Default: 5000. */
  readonly milliseconds?: number;
}

/**
 * Looks again and again whether a server's keys or certificates have changed, until the signal ends it. A file that
 * can't be used is logged, once, and changes nothing. Session tickets stay valid; whether clients are verified can't
 * change.
 */
export async function watchIdentity(watch: IdentityWatch, signal: AbortSignal): Promise<void> {
  const { path, initial, read, renew, log, milliseconds = 5000 } = watch;
  let current = initial;
  let known: string | undefined;
  const say = (problem: string | undefined) => {
    if (problem !== undefined && problem !== known) log.error(problem);
    known = problem;
  };
  for (;;) {
    await sleep(milliseconds, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      const found = await read();
      say(found.verifiesClients === initial.verifiesClients ? undefined : laterOnly(path));
      if (isSame(found, current)) continue;
      current = { ...found, ticketKeys: initial.ticketKeys, verifiesClients: initial.verifiesClients };
      renew(current);
      log.info(`New connections get the certificate that is in ${path} now`);
    } catch (error) {
      say(`The certificate stays as it was: ${asStatusError(error).message}`);
    }
  }
}

function laterOnly(path: string): string {
  return `client_verify of ${path} has changed, which takes effect at the next start`;
}

function isSame(a: TlsIdentity, b: TlsIdentity): boolean {
  return a.key === b.key && a.certificate === b.certificate && a.authorities === b.authorities;
}
