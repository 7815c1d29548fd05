import net, { type AddressInfo } from "node:net";
import { MAX_MESSAGE_LENGTH } from "../protocols/grpc/framing.ts";
import { MessageMemory } from "../protocols/message-memory.ts";
import type { StreamMethods } from "../protocols/streaming.ts";
import type { UnaryMethods } from "../protocols/unary.ts";
import type { CallContext } from "./call-context.ts";
import { Deadlines } from "./deadlines.ts";
import { serveCall } from "./grpc-call.ts";
import { type ConnectionOptions, ServerConnection } from "./http2/connection.ts";
import { MAX_UINT31 } from "./http2/frames.ts";
import { ReceivedMemory } from "./received-memory.ts";

export interface GrpcListenerOptions {
  /** Methods with more than one request or response. Default: none. */
  readonly streams?: StreamMethods;
  /**
   * Bytes of a request message, compressed and decompressed; larger ones get RESOURCE_EXHAUSTED. Default: 2^31 - 1,
   * as TensorFlow Serving sets it.
   */
  readonly maxReceiveMessageLength?: number;
  /** Calls that one connection may have open at a time. Default: 2^31 - 1, as gRPC's C++ servers have it. */
  readonly maxConcurrentStreams?: number;
  /**
   * Told of errors that a method threw and that the client sees only as INTERNAL, with the method's path; and of
   * connections that couldn't be accepted, with `accept`. Default: ignored.
   */
  readonly onFailure?: (error: unknown, where: string) => void;
}

/** A socket that listens already, as a file descriptor that becomes the listener's own; or an address. */
export type ListenTarget = { readonly fd: number } | { readonly host: string; readonly port: number };

export interface GrpcListener {
  /**
   * Starts serving. Port 0 takes any free one.
   * @throws Error (rejects) from node, with `code`, if the address can't be had.
   */
  listen(target: ListenTarget): Promise<AddressInfo>;
  /**
   * Takes no more connections, tells clients to go elsewhere, and lets calls that have begun finish. Resolves when
   * all connections are closed; those that are still open after `drainMs` milliseconds are cut.
   */
  close(drainMs: number): Promise<void>;
}

/** Serves gRPC calls over cleartext HTTP/2 (prior knowledge). */
export function createGrpcListener(methods: UnaryMethods, options: GrpcListenerOptions = {}): GrpcListener {
  const context: CallContext = {
    methods,
    streams: options.streams ?? new Map(),
    maxReceiveMessageLength: options.maxReceiveMessageLength ?? MAX_MESSAGE_LENGTH,
    deadlines: new Deadlines(),
    memory: new MessageMemory(),
    onFailure: options.onFailure ?? (() => {}),
  };
  const received = new ReceivedMemory();
  const connectionOptions: ConnectionOptions = {
    maxConcurrentStreams: options.maxConcurrentStreams ?? MAX_UINT31,
    open: (stream, headers) => serveCall(stream, headers, context),
    onReceived: (bytes) => received.count(bytes),
    onFailure: (error) => context.onFailure(error, ""),
  };
  const connections = new Set<ServerConnection>();
  const server = net.createServer({ noDelay: true }, (socket) => {
    const connection = new ServerConnection(socket, connectionOptions);
    connections.add(connection);
    socket.on("close", () => connections.delete(connection));
  });

  return {
    listen(target) {
      return new Promise((resolve, reject) => {
        server.once("error", reject);
        server.listen(target, () => {
          server.off("error", reject);
          // A connection that can't be accepted (no file descriptors left, say) must not end the thread.
          server.on("error", (error) => context.onFailure(error, "accept"));
          resolve(server.address() as AddressInfo);
        });
      });
    },
    close(drainMs) {
      return new Promise((resolve) => {
        const cut = setTimeout(() => {
          for (const connection of connections) connection.destroy();
        }, drainMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        for (const connection of connections) connection.drain();
      });
    },
  };
}
