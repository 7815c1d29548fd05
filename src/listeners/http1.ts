import type { IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import type { AddressInfo, Server, Socket } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { GatheredBytes } from "../protocols/gathered-bytes.ts";
import { MessageMemory } from "../protocols/message-memory.ts";
import { MAX_BODY_BYTES } from "../protocols/rest/handler.ts";
import { errorReply, errorWithStatus } from "../protocols/rest/replies.ts";
import type { HttpHandler, HttpResponse } from "../protocols/unary.ts";
import { asStatusError, Code, StatusError } from "../status/status.ts";
import { Deadlines } from "./deadlines.ts";
import { DEFAULT_LISTENER_LIMITS, type ListenerLimits } from "./listener-limits.ts";
import { PendingRequest } from "./pending-request.ts";
import { Pipelines } from "./pipelines.ts";
import { ReceivedMemory } from "./received-memory.ts";
import { type ListenTarget, ServerSet } from "./server-set.ts";
import { Turns } from "./turns.ts";

// An import would load fetch and WebSocket too, for the module's exports of that name: 150 ms in each thread.
const http = process.getBuiltinModule("node:http");
/** Not loaded where no one asks for TLS. */
const https = () => process.getBuiltinModule("node:https");

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

/** Longer than proxies and clients keep a connection idle by default, so that they are the ones to close it. */
const KEEP_ALIVE_MILLISECONDS = 75_000;
/** How often Node looks for clients that take too long, at most. */
const LONGEST_LOOK_MILLISECONDS = 5000;

/**
 * Up to here bytes are sent as text of a character each, which Node writes together with the head, and not as a second piece: a
 * tenth less of CPU time for half_plus_two.
 */
const MOST_JOINED_BYTES = 4096;

interface Context {
  readonly handler: HttpHandler;
  readonly timeoutMilliseconds: number;
  readonly maxBodyBytes: number;
  readonly limits: ListenerLimits;
  readonly errorHeaders: Readonly<Record<string, string>>;
  readonly onFailure: (error: unknown, target: string) => void;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly memory: MessageMemory;
  readonly received: ReceivedMemory;
  /** All connections, the oldest first; over TLS, those whose handshake is done. */
  readonly open: Set<Socket>;
  /** Connections on which a request has begun and isn't answered, and on how many. */
  readonly busy: Map<Duplex, number>;
  readonly pipelines: Pipelines;
  draining: boolean;
}

/** Serves HTTP/1.1. Whatever bytes arrive, no error leaves it. */
export function createRestListener(handler: HttpHandler, options: RestListenerOptions = {}): RestListener {
  const context: Context = {
    handler,
    timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
    maxBodyBytes: options.maxBodyBytes ?? MAX_BODY_BYTES,
    limits: options.limits ?? DEFAULT_LISTENER_LIMITS,
    errorHeaders: options.errorHeaders ?? {},
    onFailure: options.onFailure ?? (() => {}),
    turns: new Turns(),
    deadlines: new Deadlines(),
    memory: new MessageMemory(),
    received: new ReceivedMemory(),
    open: new Set(),
    busy: new Map(),
    pipelines: new Pipelines(),
    draining: false,
  };
  const servers = new ServerSet((tls) => createServer(context, tls), {
    maxConnections: context.limits.maxConnections,
    endIdle: () => endIdle(context),
    refuse: (socket) => refuseConnection(context, socket),
    onFailure: (error) => context.onFailure(error, "accept"),
  });
  return {
    listen: (target, identity) => servers.listen(target, identity),
    renew: (identity) => servers.renew(identity),
    close(drainMs) {
      context.draining = true;
      return servers.close(drainMs);
    },
  };
}

function createServer(context: Context, tls: TlsOptions | undefined): Server {
  const { headerMilliseconds, requestMilliseconds, unreadMilliseconds, maxHeaderBytes } = context.limits;
  const options: ServerOptions = {
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    headersTimeout: Math.min(headerMilliseconds, requestMilliseconds),
    requestTimeout: requestMilliseconds,
    connectionsCheckingInterval: Math.min(headerMilliseconds, requestMilliseconds, LONGEST_LOOK_MILLISECONDS),
    maxHeaderSize: maxHeaderBytes,
    requireHostHeader: false,
  };
  const server =
    tls === undefined ? http.createServer(options) : https().createServer({ ...options, ...tls });
  server.on("request", (request, response) => serve(context, request, response));
  server.on("checkContinue", (request, response) => {
    if ((declaredLength(request) ?? 0) <= context.maxBodyBytes) response.writeContinue();
    serve(context, request, response);
  });
  server.on("clientError", (error, socket) => refuse(context, error, socket));
  // Neither side has sent or taken a byte for so long: fine only where nothing is to be sent before a model has run.
  server.setTimeout(unreadMilliseconds, (socket) => {
    if (socket.writableLength > 0 || !context.pipelines.has(socket)) socket.destroy();
  });
  // Below a TLS connection there is another, whose requests no one knows.
  server.on(tls === undefined ? "connection" : "secureConnection", (socket: Socket) => {
    context.open.add(socket);
    socket.once("close", () => context.open.delete(socket));
  });
  return server;
}

function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

function serve(context: Context, request: IncomingMessage, response: ServerResponse): void {
  const { busy, maxBodyBytes } = context;
  const { socket } = request;
  count(busy, socket, 1);
  response.once("close", () => count(busy, socket, -1));
  // A client that goes away in the middle of its request has no one to be told.
  request.on("error", () => {});

  const declared = declaredLength(request);
  const body = new GatheredBytes(context.memory);
  const tooLarge = () => {
    request.removeAllListeners("data").removeAllListeners("end");
    request.resume();
    response.shouldKeepAlive = false;
    sendError(context, response, errorWithStatus(413, `Request body is larger than ${maxBodyBytes} bytes`));
  };
  if (declared !== undefined && declared > maxBodyBytes) {
    tooLarge();
    return;
  }
  request.on("data", (chunk: Buffer) => {
    context.received.count(chunk.length);
    body.append(chunk, declared);
    if (body.length > maxBodyBytes) tooLarge();
  });
  request.on("end", () =>
    answerInTurn(context, socket, response, () => answer(context, request, body, response)),
  );
}

function count(connections: Map<Duplex, number>, connection: Duplex, by: 1 | -1): void {
  const now = (connections.get(connection) ?? 0) + by;
  if (now > 0) connections.set(connection, now);
  else connections.delete(connection);
}

/** Answers a request when those before it on its connection are answered, and others had their turns. */
function answerInTurn(
  { pipelines, turns }: Context,
  connection: Duplex,
  response: ServerResponse,
  answerNow: () => void,
): void {
  pipelines.add(connection, () => {
    let isOver = false;
    const end = () => {
      if (!isOver) pipelines.end(connection);
      isOver = true;
    };
    if (response.destroyed) {
      end();
      return;
    }
    response.once("prefinish", end);
    response.once("close", end);
    turns.run(connection, () => {
      if (!response.destroyed) answerNow();
    });
  });
}

/** Ends the oldest connection that no request is on. */
function endIdle({ open, busy }: Context): boolean {
  for (const socket of open) {
    if (busy.has(socket)) continue;
    open.delete(socket);
    socket.destroy();
    return true;
  }
  return false;
}

function refuseConnection(context: Context, socket: Socket): void {
  const limit = context.limits.maxConnections;
  socket.on("error", () => {});
  socket.end(closingAnswer(503, `More than ${limit} connections are busy: see --max_connections`));
  socket.destroySoon();
}

function answer(
  context: Context,
  request: IncomingMessage,
  body: GatheredBytes,
  response: ServerResponse,
): void {
  const failed = (error: unknown): HttpResponse => {
    context.onFailure(error, request.url ?? "");
    return ownError(context, errorReply(asStatusError(error)));
  };
  const late = (): HttpResponse => {
    // As TensorFlow words it when a run takes too long.
    const error = new StatusError(Code.DEADLINE_EXCEEDED, "Timed out waiting for notification");
    return ownError(context, errorReply(error));
  };
  const pending = new PendingRequest(request, body.bytes(), response, context.timeoutMilliseconds, late);
  let reply: HttpResponse | Promise<HttpResponse>;
  try {
    reply = context.handler(pending);
  } catch (error) {
    reply = failed(error);
  }
  if (reply instanceof Promise) {
    answerLater(
      context,
      response,
      pending,
      reply.catch(failed).finally(() => body.release()),
    );
    return;
  }
  body.release();
  send(context, response, reply);
}

function answerLater(
  context: Context,
  response: ServerResponse,
  pending: PendingRequest,
  reply: Promise<HttpResponse>,
): void {
  const { deadlines } = context;
  const waiting = {
    deadline: pending.deadline,
    expire: () => send(context, response, pending.expire()),
  };
  deadlines.add(waiting);
  // The client has gone, or has its answer, which makes no difference any more.
  response.once("close", () => pending.giveUp());
  reply.then((late) => {
    deadlines.delete(waiting);
    send(context, response, late);
  });
}

function ownError({ errorHeaders }: Context, reply: HttpResponse): HttpResponse {
  return { ...reply, headers: { ...reply.headers, ...errorHeaders } };
}

function sendError(context: Context, response: ServerResponse, reply: HttpResponse): void {
  send(context, response, ownError(context, reply));
}

function send(context: Context, response: ServerResponse, reply: HttpResponse): void {
  if (response.writableEnded || response.destroyed) return;
  if (context.draining) response.shouldKeepAlive = false;
  const { body } = reply;
  const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
  response.writeHead(reply.status, { ...reply.headers, "content-length": length });
  if (typeof body === "string" || length > MOST_JOINED_BYTES) response.end(body);
  else response.end(Buffer.from(body.buffer, body.byteOffset, length).toString("latin1"), "latin1");
}

/** Answers what is not HTTP, or came too late or in too large a header, and closes the connection. */
function refuse(context: Context, error: NodeJS.ErrnoException, socket: Duplex): void {
  // While an answer is on its way, another can't be put in front of it; before a TLS handshake is done, none can be sent.
  const isOfHttp = /^(HPE|ERR_HTTP)_/.test(error.code ?? "");
  if (!socket.writable || !isOfHttp || context.pipelines.has(socket)) {
    socket.destroy();
    return;
  }
  const status = REFUSALS.get(error.code ?? "") ?? 400;
  const reason = http.STATUS_CODES[status]!;
  socket.end(closingAnswer(status, `${reason}: ${error.message}`));
}

/** An answer, as it is sent, where there is no request to answer. */
function closingAnswer(status: number, message: string): string {
  const { headers, body } = errorWithStatus(status, message);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  return (
    `HTTP/1.1 ${status} ${http.STATUS_CODES[status]}\r\n${head.join("")}` +
    `content-length: ${Buffer.byteLength(body as string)}\r\nconnection: close\r\n\r\n${body}`
  );
}

const REFUSALS: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);
