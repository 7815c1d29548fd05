import net, { type AddressInfo, type Server, type Socket } from "node:net";
import type { TlsOptions } from "node:tls";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { MessageMemory } from "../protocols/message-memory.ts";
import { MAX_BODY_BYTES } from "../protocols/rest/handler.ts";
import { errorWithStatus } from "../protocols/rest/replies.ts";
import type { HttpHandler } from "../protocols/unary.ts";
import { BufferTurnover } from "./buffer-turnover.ts";
import { Deadlines } from "./deadlines.ts";
import { type ConnectionContext, Http1Connection } from "./http1/connection.ts";
import { responseHead } from "./http1/response-head.ts";
import { DEFAULT_LISTENER_LIMITS, type ListenerLimits } from "./listener-limits.ts";
import { RegularLook } from "./regular-look.ts";
import { type ListenTarget, ServerSet } from "./server-set.ts";
import { Turns } from "./turns.ts";

/** Not loaded where no one asks for TLS. */
const tls = () => process.getBuiltinModule("node:tls");

export interface RestListenerOptions {
  /** After so long a request whose answer isn't there gets 504; 0 or less for never. Default: 30000. */
  readonly timeoutMilliseconds?: number;
  /** Larger bodies get 413. Default: 2^30. */
  readonly maxBodyBytes?: number;
  /** Default: DEFAULT_LISTENER_LIMITS. */
  readonly limits?: ListenerLimits;
  /** Sent with the errors that the listener answers itself. Default: none. */
  readonly errorHeaders?: Readonly<Record<string, string>>;
  /** Told of what the handler throws, which the client sees only as 500. Default: ignored. */
  readonly onFailure?: (error: unknown, target: string) => void;
}

export interface RestListener {
  /**
   * Starts serving, at one more address if called again. Port 0 takes any free one.
   * @param identity for TLS. Default: cleartext.
   * @throws Error (rejects) from node, with `code`, if the address can't be had.
   */
  listen(target: ListenTarget, identity?: TlsIdentity): Promise<AddressInfo>;
  /** Connections over TLS that come from now on see this identity. */
  renew(identity: TlsIdentity): void;
  /**
   * Takes no more connections and lets requests that have begun finish. Resolves when all connections are closed;
   * those that are still open after `drainMs` milliseconds are cut.
   */
  close(drainMs: number): Promise<void>;
}

/** Milliseconds between two looks at the connections, at least and at most. */
const [SHORTEST_LOOK, LONGEST_LOOK] = [20, 2000];

/** Serves HTTP/1.1. Whatever bytes arrive, no error leaves it. */
export function createRestListener(handler: HttpHandler, options: RestListenerOptions = {}): RestListener {
  const limits = options.limits ?? DEFAULT_LISTENER_LIMITS;
  const turnover = new BufferTurnover();
  const context: ConnectionContext = {
    handler,
    timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    limits,
    errorHeaders: options.errorHeaders ?? {},
    onFailure: options.onFailure ?? (() => {}),
    onBuffer: (bytes) => turnover.count(bytes),
    turns: new Turns(),
    deadlines: new Deadlines(),
    memory: new MessageMemory(),
  };
  /** The oldest first; over TLS, those whose handshake is done. */
  const connections = new Set<Http1Connection>();
  const looks = new RegularLook<Http1Connection>(lookInterval(limits), (connection, now) =>
    connection.look(now),
  );
  const serve = (socket: Socket) => {
    // It was refused.
    if (socket.writableEnded || socket.destroyed) return;
    const connection = new Http1Connection(socket, context);
    connections.add(connection);
    looks.add(connection);
    socket.on("close", () => {
      connections.delete(connection);
      looks.delete(connection);
    });
  };
  const endIdle = (): boolean => {
    for (const connection of connections) {
      if (connection.isBusy) continue;
      connections.delete(connection);
      connection.destroy();
      return true;
    }
    return false;
  };
  const servers = new ServerSet((tlsOptions) => createServer(tlsOptions, serve), {
    maxConnections: limits.maxConnections,
    endIdle,
    refuse: (socket) => refuse(socket, limits.maxConnections),
    onFailure: (error) => context.onFailure(error, "accept"),
  });
  return {
    listen: (target, identity) => servers.listen(target, identity),
    renew: (identity) => servers.renew(identity),
    close(drainMs) {
      const closed = servers.close(drainMs);
      for (const connection of connections) connection.drain();
      return closed;
    },
  };
}

function createServer(tlsOptions: TlsOptions | undefined, serve: (socket: Socket) => void): Server {
  const options = { noDelay: true, allowHalfOpen: true };
  return tlsOptions === undefined
    ? net.createServer(options, serve)
    : tls().createServer({ ...tlsOptions, ...options, ALPNProtocols: ["http/1.1"] }, serve);
}

function lookInterval({
  headerMilliseconds,
  requestMilliseconds,
  unreadMilliseconds,
}: ListenerLimits): number {
  const shortest = Math.min(headerMilliseconds, requestMilliseconds, unreadMilliseconds);
  return Math.min(Math.max(shortest / 4, SHORTEST_LOOK), LONGEST_LOOK);
}

function refuse(socket: Socket, limit: number): void {
  const { status, headers, body } = errorWithStatus(
    503,
    `More than ${limit} connections are busy: see --max_connections`,
  );
  socket.on("error", () => {});
  socket.end(responseHead(status, headers, Buffer.byteLength(body as string), false) + body);
  socket.destroySoon();
}
