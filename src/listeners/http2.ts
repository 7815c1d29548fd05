import net, { type AddressInfo, type Socket } from "node:net";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { MAX_MESSAGE_LENGTH } from "../protocols/grpc/framing.ts";
import { MessageMemory } from "../protocols/message-memory.ts";
import type { StreamMethods } from "../protocols/streaming.ts";
import type { UnaryMethods } from "../protocols/unary.ts";
import { BufferTurnover } from "./buffer-turnover.ts";
import type { CallContext } from "./call-context.ts";
import { Deadlines } from "./deadlines.ts";
import { serveCall } from "./grpc-call.ts";
import { type ConnectionOptions, ServerConnection } from "./http2/connection.ts";
import { ConnectionLifetimes, type LifetimeOptions } from "./http2/lifetimes.ts";
import { StallWatch } from "./http2/stall-watch.ts";
import { DEFAULT_LISTENER_LIMITS, type ListenerLimits } from "./listener-limits.ts";
import { type ListenTarget, ServerSet } from "./server-set.ts";
import { Turns } from "./turns.ts";

/** Not loaded where no one asks for TLS. */
const tls = () => process.getBuiltinModule("node:tls");

export interface GrpcListenerOptions {
  /** Methods with more than one request or response. Default: none. */
  readonly streams?: StreamMethods;
  /**
   * Bytes of a request message, compressed and decompressed; larger ones get RESOURCE_EXHAUSTED. Default: 2^31 - 1,
   * as TensorFlow Serving sets it.
   */
  readonly maxReceiveMessageLength?: number;
  /** Calls that one connection may have open at a time; clients let further ones wait. Default: 10000. */
  readonly maxConcurrentStreams?: number;
  /** Default: DEFAULT_LISTENER_LIMITS. */
  readonly limits?: ListenerLimits;
  /** How long connections live. Default: for ever. */
  readonly lifetime?: LifetimeOptions;
  /**
   * Told of errors that a method threw and that the client sees only as INTERNAL, with the method's path; and of
   * connections that couldn't be accepted, with `accept`. Default: ignored.
   */
  readonly onFailure?: (error: unknown, where: string) => void;
}

export interface GrpcListener {
  /**
   * Starts serving, at one more address if called again. Port 0 takes any free one.
   * @param identity for TLS, by which clients must offer `h2` (ALPN). Default: cleartext.
   * @throws Error (rejects) from node, with `code`, if the address can't be had.
   */
  listen(target: ListenTarget, identity?: TlsIdentity): Promise<AddressInfo>;
  /** Connections over TLS that come from now on see this identity. */
  renew(identity: TlsIdentity): void;
  /**
   * Takes no more connections, tells clients to go elsewhere, and lets calls that have begun finish. Resolves when
   * all connections are closed; those that are still open after `drainMs` milliseconds are cut.
   */
  close(drainMs: number): Promise<void>;
}

/** gRPC's C++ servers have no limit. A call that is open takes about 1 KB. */
const MAX_CONCURRENT_STREAMS = 10_000;

/** Serves gRPC calls over HTTP/2: over TLS, or over cleartext with prior knowledge. */
export function createGrpcListener(methods: UnaryMethods, options: GrpcListenerOptions = {}): GrpcListener {
  const limits = options.limits ?? DEFAULT_LISTENER_LIMITS;
  const context: CallContext = {
    methods,
    streams: options.streams ?? new Map(),
    maxReceiveMessageLength: options.maxReceiveMessageLength ?? MAX_MESSAGE_LENGTH,
    maxUnreadBytes: limits.maxUnreadBytes,
    answerMilliseconds: limits.answerMilliseconds,
    turns: new Turns(),
    deadlines: new Deadlines(),
    memory: new MessageMemory(),
    onFailure: options.onFailure ?? (() => {}),
  };
  const turnover = new BufferTurnover();
  const connectionOptions: ConnectionOptions = {
    maxConcurrentStreams: options.maxConcurrentStreams ?? MAX_CONCURRENT_STREAMS,
    maxHeaderBytes: limits.maxHeaderBytes,
    open: (stream, headers) => serveCall(stream, headers, context),
    onBuffer: (bytes) => turnover.count(bytes),
    onFailure: (error) => context.onFailure(error, ""),
  };
  const connections = new Set<ServerConnection>();
  const lifetimes = new ConnectionLifetimes(options.lifetime ?? {});
  const stalls = new StallWatch({
    unreadMilliseconds: limits.unreadMilliseconds,
    greetingMilliseconds: limits.headerMilliseconds,
    requestMilliseconds: limits.requestMilliseconds,
  });
  const serve = (socket: Socket) => {
    const connection = new ServerConnection(socket, connectionOptions);
    connections.add(connection);
    lifetimes.add(connection);
    stalls.add(connection);
    socket.on("close", () => {
      connections.delete(connection);
      lifetimes.delete(connection);
      stalls.delete(connection);
    });
  };
  const endIdle = (): boolean => {
    for (const connection of connections) {
      if (connection.idleSince === Number.POSITIVE_INFINITY) continue;
      connections.delete(connection);
      connection.endIdle();
      return true;
    }
    return false;
  };
  const servers = new ServerSet(
    (options) =>
      options === undefined
        ? net.createServer({ noDelay: true }, serve)
        : tls().createServer({ ...options, ALPNProtocols: ["h2"], noDelay: true }, serve),
    {
      maxConnections: limits.maxConnections,
      endIdle,
      refuse: (socket) => socket.destroy(),
      onFailure: (error) => context.onFailure(error, "accept"),
    },
  );

  return {
    listen: (target, identity) => servers.listen(target, identity),
    renew: (identity) => servers.renew(identity),
    close(drainMs) {
      const closed = servers.close(drainMs, () => {
        for (const connection of connections) connection.destroy();
      });
      for (const connection of connections) connection.drain();
      return closed;
    },
  };
}
