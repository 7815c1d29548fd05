import type { TlsIdentity } from "../config/tls-identity.ts";
import { BoundSocket } from "../listeners/bound-socket.ts";
import type { Identities, ListenCall } from "./messages.ts";

/** Where a protocol is served; a port of 0 and an empty path are none. */
export interface Endpoint {
  readonly port: number;
  readonly path: string;
}

/** The sockets that the server is reached by: bound, for the workers to listen on. */
export class ServerSockets {
  readonly #grpc: readonly BoundSocket[];
  readonly #rest: readonly BoundSocket[];
  #identities: Identities;

  private constructor(grpc: readonly BoundSocket[], rest: readonly BoundSocket[], identities: Identities) {
    this.#grpc = grpc;
    this.#rest = rest;
    this.#identities = identities;
  }

  /**
   * @param host of the ports.
   * @throws StatusError (rejects) as `BoundSocket` does; nothing is left bound then.
   */
  static async open(
    host: string,
    { grpc, rest }: { readonly grpc: Endpoint; readonly rest: Endpoint },
    identities: Identities,
  ): Promise<ServerSockets> {
    const opened: BoundSocket[] = [];
    const open = async ({ port, path }: Endpoint): Promise<BoundSocket[]> => {
      const before = opened.length;
      if (port !== 0) opened.push(await BoundSocket.open(host, port));
      if (path !== "") opened.push(await BoundSocket.openPath(path));
      return opened.slice(before);
    };
    try {
      return new ServerSockets(await open(grpc), await open(rest), identities);
    } catch (error) {
      for (const socket of opened) socket.close();
      throw error;
    }
  }

  /** Undefined if there is none. */
  get grpcPort(): number | undefined {
    return portOf(this.#grpc);
  }

  get restPort(): number | undefined {
    return portOf(this.#rest);
  }

  /** Workers that listen later get these; those that listen already are told by the pool. */
  renew(protocol: keyof Identities, identity: TlsIdentity): Identities {
    this.#identities = { ...this.#identities, [protocol]: identity };
    return this.#identities;
  }

  /** Descriptors of all sockets, which one worker then owns. */
  duplicate(): ListenCall {
    return {
      kind: "listen",
      grpc: this.#grpc.map((socket) => socket.duplicate()),
      rest: this.#rest.map((socket) => socket.duplicate()),
      identities: this.#identities,
    };
  }

  close(): void {
    for (const socket of [...this.#grpc, ...this.#rest]) socket.close();
  }
}

function portOf(sockets: readonly BoundSocket[]): number | undefined {
  return sockets.find(({ port }) => port !== 0)?.port;
}
