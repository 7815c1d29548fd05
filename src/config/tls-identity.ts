import { randomBytes } from "node:crypto";
import { invalidArgument } from "../status/status.ts";

/** Who a server is, and whom it lets in; plain data. */
export interface TlsIdentity {
  /** PEM. */
  readonly key: string;
  /** PEM: the server's certificate and those behind it. */
  readonly certificate: string;
  /** PEM: whose certificates clients may have. Undefined for the authorities that Node trusts. */
  readonly authorities: string | undefined;
  /** Whether clients must have a certificate. */
  readonly verifiesClients: boolean;
  /** 48 bytes, the same in all threads, so that a client may resume its session with any. */
  readonly ticketKeys: Uint8Array;
}

/**
 * Reads a tensorflow.serving.SSLConfig: protobuf text that holds keys and certificates as PEM.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT for a file that can't be taken, or whose key and
 * certificate don't belong together.
 */
export async function readTlsIdentity(path: string): Promise<TlsIdentity> {
  const [{ readTextProto }, { SSLConfigSchema }, { createSecureContext }] = await Promise.all([
    import("./text-proto.ts"),
    import("../proto/gen/tensorflow_serving/config/ssl_config_pb.ts"),
    import("node:tls"),
  ]);
  const config = await readTextProto(SSLConfigSchema, path);
  const { serverKey: key, serverCert: certificate, clientVerify: verifiesClients } = config;
  if (key === "" || certificate === "")
    throw invalidArgument(`${path} must have a server_key and a server_cert`);
  const authorities = config.customCa === "" ? undefined : config.customCa;
  try {
    createSecureContext({ key, cert: certificate, ...(authorities !== undefined && { ca: authorities }) });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidArgument(`The keys and certificates in ${path} can't be used: ${reason}`);
  }
  return { key, certificate, authorities, verifiesClients, ticketKeys: randomBytes(48) };
}
