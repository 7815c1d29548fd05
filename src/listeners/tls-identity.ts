import type { TlsOptions } from "node:tls";

/** Who a server is, and whom it lets in; plain data. */
export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  /** PEM: the server's certificate and those behind it. */
  readonly certificate: string;
  /** PEM: whose certificates clients may have. Undefined for the authorities that the system trusts. */
  readonly authorities: string | undefined;
  /** Whether clients must have a certificate. */
  readonly verifiesClients: boolean;
  /** 48 bytes, the same in all threads, so that a client may resume its session with any. */
  readonly ticketKeys: Uint8Array;
}

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
