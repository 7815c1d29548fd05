import assert from "node:assert/strict";
import { it } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { createLogger } from "../status/log.ts";
import { invalidArgument } from "../status/status.ts";
import { watchIdentity } from "./identity-watch.ts";

function identity(certificate: string, verifiesClients = false): TlsIdentity {
  return {
    key: "key",
    certificate,
    authorities: undefined,
    verifiesClients,
    ticketKeys: Buffer.from(certificate),
  };
}

it("renews what has changed, and keeps what can't be renewed", async () => {
  const lines: string[] = [];
  const renewed: TlsIdentity[] = [];
  const control = new AbortController();
  let reads = 0;
  let found = async () => identity("old");
  const watching = watchIdentity(
    {
      path: "ssl.config",
      initial: identity("old"),
      read: () => {
        reads++;
        return found();
      },
      renew: (next) => renewed.push(next),
      log: createLogger({ write: (severity, _, message) => lines.push(`${severity} ${message}`) }, ""),
      milliseconds: 1,
    },
    control.signal,
  );
  const afterSomeReads = async () => {
    const until = reads + 3;
    while (reads < until) await sleep(1);
  };
  await afterSomeReads();
  assert.deepEqual([renewed, lines], [[], []]);

  found = async () => {
    throw invalidArgument("half a file");
  };
  await afterSomeReads();
  assert.deepEqual([renewed, lines.splice(0)], [[], ["E The certificate stays as it was: half a file"]]);

  found = async () => identity("new", true);
  await afterSomeReads();
  assert.deepEqual(renewed, [{ ...identity("new"), ticketKeys: Buffer.from("old") }]);
  assert.deepEqual(lines, [
    "E client_verify of ssl.config has changed, which takes effect at the next start",
    "I New connections get the certificate that is in ssl.config now",
  ]);

  control.abort();
  await watching;
  const last = reads;
  await sleep(10);
  assert.equal(reads, last);
});
