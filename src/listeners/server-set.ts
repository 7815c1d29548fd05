import type { AddressInfo, Server, Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { tlsOptions } from "./tls-options.ts";

/** A socket that listens already, as a file descriptor that becomes the listener's own; or an address. */
export type ListenTarget =
  | { readonly fd: number }
  | { readonly host: string; readonly port: number }
  | { readonly path: string };

export interface ServerSetOptions {
  /** Connections at a time. */
  readonly maxConnections: number;
  /** Ends one connection that isn't in use, if there is one, to make way for another. */
  readonly endIdle: () => boolean;
  /** Sends a connection away that there is no place for. Not called for TLS, where nothing could be said yet. */
  readonly refuse: (socket: Socket) => void;
  /**
   * Told of connections that couldn't be accepted (no file descriptors left, say), which must not end the thread.
   */
  readonly onFailure: (error: unknown) => void;
}

/** The servers of one protocol: one for each address, all with the same life. */
export class ServerSet {
  readonly #create: (tls: TlsOptions | undefined) => Server;
  readonly #options: ServerSetOptions;
  readonly #servers: Server[] = [];
  /** All connections, those in a TLS handshake included. */
  readonly #sockets = new Set<Socket>();

  /** @param create makes a server, with TLS if there are options for it. */
  constructor(create: (tls: TlsOptions | undefined) => Server, options: ServerSetOptions) {
    this.#create = create;
    this.#options = options;
  }

  /**
   * Starts to serve at one more address. Port 0 takes any that is free.
   * @param identity for TLS.
   * @returns where, which means something for ports only.
   * @throws Error (rejects) from node, with `code`, if the address can't be had.
   */
  listen(target: ListenTarget, identity: TlsIdentity | undefined): Promise<AddressInfo> {
    const server = this.#create(identity && tlsOptions(identity));
    // First, so that nothing is served on a connection that is sent away.
    server.prependListener("connection", (socket: Socket) => this.#admit(socket, identity !== undefined));
    return new Promise((resolve, reject) => {
      server.once("error", reject);
      server.listen(target, () => {
        server.off("error", reject);
        server.on("error", this.#options.onFailure);
        this.#servers.push(server);
        resolve(server.address() as AddressInfo);
      });
    });
  }

  #admit(socket: Socket, isTls: boolean): void {
    const { maxConnections, endIdle, refuse } = this.#options;
    this.#sockets.add(socket);
    socket.once("close", () => this.#sockets.delete(socket));
    if (this.#sockets.size <= maxConnections || endIdle()) return;
    if (isTls) socket.destroy();
    else refuse(socket);
  }

  /** Connections that come from now on see this identity. Whether clients are verified stays as it was. */
  renew(identity: TlsIdentity): void {
    for (const server of this.#servers) {
      if ("setSecureContext" in server) {
        (server.setSecureContext as (options: TlsOptions) => void)(tlsOptions(identity));
      }
    }
  }

  /**
   * Takes no more connections. Resolves when all are closed; those that are still open after `drainMs` milliseconds are
   * cut.
   * @param beforeCut called if it comes to that.
   */
  async close(drainMs: number, beforeCut = () => {}): Promise<void> {
    const cut = setTimeout(() => {
      beforeCut();
      for (const socket of this.#sockets) socket.destroy();
    }, drainMs);
    const closed = this.#servers.map((server) => new Promise((resolve) => server.close(resolve)));
    await Promise.all(closed);
    clearTimeout(cut);
  }
}
