import type { TlsOptions } from "node:tls";
import type { TlsIdentity } from "../config/tls-identity.ts";

/** A client that takes longer for its handshake is let go. */
const HANDSHAKE_MILLISECONDS = 10_000;

/** What Node's servers are made with. */
export function tlsOptions(identity: TlsIdentity): TlsOptions {
  const { key, certificate, authorities, verifiesClients, ticketKeys } = identity;
  return {
    key,
    cert: certificate,
    ...(authorities !== undefined && { ca: authorities }),
    requestCert: verifiesClients,
    rejectUnauthorized: verifiesClients,
    ticketKeys: Buffer.from(ticketKeys),
    handshakeTimeout: HANDSHAKE_MILLISECONDS,
  };
}
