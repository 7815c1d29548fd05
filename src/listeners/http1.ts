import type { IncomingMessage, ServerOptions, ServerResponse } from "node:http";
import type { AddressInfo, Server } from "node:net";
import type { Duplex } from "node:stream";
import type { TlsOptions } from "node:tls";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { GatheredBytes } from "../protocols/gathered-bytes.ts";
import { MessageMemory } from "../protocols/message-memory.ts";
import { errorReply, errorWithStatus } from "../protocols/rest/replies.ts";
import type { HttpHandler, HttpResponse } from "../protocols/unary.ts";
import { asStatusError, Code, StatusError } from "../status/status.ts";
import { Deadlines } from "./deadlines.ts";
import { PendingRequest } from "./pending-request.ts";
import { ReceivedMemory } from "./received-memory.ts";
import { type ListenTarget, ServerSet } from "./server-set.ts";

// An import would load fetch and WebSocket too, for the module's exports of that name: 150 ms in each thread.
const http = process.getBuiltinModule("node:http");
/** Not loaded where no one asks for TLS. */
const https = () => process.getBuiltinModule("node:https");

export interface RestListenerOptions {
  /** After so long a request whose answer isn't there gets 504; 0 or less for never. Default: 30000. */
  readonly timeoutMilliseconds?: number;
  /** Larger bodies get 413. Default: 2^30. */
  readonly maxBodyBytes?: number;
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
/** A client that takes longer to send its headers, or its whole request, is let go. */
const HEADERS_MILLISECONDS = 60_000;
const REQUEST_MILLISECONDS = 600_000;

/**
 * Up to here bytes are sent as text of a character each, which Node writes together with the head, and not as a second piece: a
 * tenth less of CPU time for half_plus_two.
 */
const MOST_JOINED_BYTES = 4096;

interface Context {
  readonly handler: HttpHandler;
  readonly timeoutMilliseconds: number;
  readonly maxBodyBytes: number;
  readonly errorHeaders: Readonly<Record<string, string>>;
  readonly onFailure: (error: unknown, target: string) => void;
  readonly deadlines: Deadlines;
  readonly memory: MessageMemory;
  readonly received: ReceivedMemory;
  /** Connections on which a request is being answered. */
  readonly busy: Map<Duplex, number>;
  draining: boolean;
}

/** Serves HTTP/1.1. Whatever bytes arrive, no error leaves it. */
export function createRestListener(handler: HttpHandler, options: RestListenerOptions = {}): RestListener {
  const context: Context = {
    handler,
    timeoutMilliseconds: options.timeoutMilliseconds ?? 30_000,
    maxBodyBytes: options.maxBodyBytes ?? 2 ** 30,
    errorHeaders: options.errorHeaders ?? {},
    onFailure: options.onFailure ?? (() => {}),
    deadlines: new Deadlines(),
    memory: new MessageMemory(),
    received: new ReceivedMemory(),
    busy: new Map(),
    draining: false,
  };
  const servers = new ServerSet(
    (tls) => createServer(context, tls),
    (error) => context.onFailure(error, "accept"),
  );
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
  const options: ServerOptions = {
    keepAliveTimeout: KEEP_ALIVE_MILLISECONDS,
    headersTimeout: HEADERS_MILLISECONDS,
    requestTimeout: REQUEST_MILLISECONDS,
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
  return server;
}

function declaredLength(request: IncomingMessage): number | undefined {
  const length = request.headers["content-length"];
  return length === undefined ? undefined : Number(length);
}

function serve(context: Context, request: IncomingMessage, response: ServerResponse): void {
  const { busy, maxBodyBytes } = context;
  const { socket } = request;
  busy.set(socket, (busy.get(socket) ?? 0) + 1);
  response.once("close", () => {
    const left = busy.get(socket)! - 1;
    if (left > 0) busy.set(socket, left);
    else busy.delete(socket);
  });
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
  request.on("end", () => answer(context, request, body, response));
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
  if (!socket.writable || !isOfHttp || context.busy.has(socket)) {
    socket.destroy();
    return;
  }
  const status = REFUSALS.get(error.code ?? "") ?? 400;
  const reason = http.STATUS_CODES[status]!;
  const { headers, body } = errorWithStatus(status, `${reason}: ${error.message}`);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${head.join("")}content-length: ${Buffer.byteLength(body as string)}\r\n` +
      `connection: close\r\n\r\n${body}`,
  );
}

const REFUSALS: ReadonlyMap<string, number> = new Map([
  ["HPE_HEADER_OVERFLOW", 431],
  ["HPE_CHUNK_EXTENSIONS_OVERFLOW", 413],
  ["ERR_HTTP_REQUEST_TIMEOUT", 408],
]);
