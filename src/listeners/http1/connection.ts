import type { Socket } from "node:net";
import { GatheredBytes } from "../../protocols/gathered-bytes.ts";
import type { MessageMemory } from "../../protocols/message-memory.ts";
import { errorReply, errorWithStatus } from "../../protocols/rest/replies.ts";
import type { HttpHandler, HttpResponse } from "../../protocols/unary.ts";
import { asStatusError, Code, StatusError } from "../../status/status.ts";
import type { Deadlines } from "../deadlines.ts";
import type { ListenerLimits } from "../listener-limits.ts";
import type { Turns } from "../turns.ts";
import { ChunkedBody } from "./chunked-body.ts";
import { findHeadEnd, leadingLineEnds } from "./head-end.ts";
import { PendingRequest } from "./pending-request.ts";
import { Refusal } from "./refusal.ts";
import { parseRequestHead, type RequestHead } from "./request-head.ts";
import { KEEP_ALIVE_SECONDS, responseHead } from "./response-head.ts";

/** What the connections of a listener share. */
export interface ConnectionContext {
  readonly handler: HttpHandler;
  /** After so long an answer that isn't there is a 504; 0 or less for never. */
  readonly timeoutMilliseconds: number;
  readonly maxBodyBytes: number;
  readonly limits: ListenerLimits;
  /** Sent with the errors that the listener answers itself. */
  readonly errorHeaders: Readonly<Record<string, string>>;
  /** Told of what the handler throws. */
  readonly onFailure: (error: unknown, target: string) => void;
  /** Told of each buffer in which bytes come or go, how many they are. */
  readonly onBuffer: (bytes: number) => void;
  readonly turns: Turns;
  readonly deadlines: Deadlines;
  readonly memory: MessageMemory;
}

/** A request that has begun: its head is there. */
interface Request {
  readonly head: RequestHead;
  readonly body: GatheredBytes;
  /** Takes the body out of its chunks; undefined where its length is known. */
  readonly chunks: ChunkedBody | undefined;
}

/** A client that sends further requests than it gets answers to is read no further from here on. */
const MOST_AHEAD_BYTES = 64 << 10;
/** What a client may take to close its end once everything is said. */
const LAST_MILLISECONDS = 2000;
/** Bodies up to here are sent together with the head, as text of a character for each byte. */
const MOST_JOINED_BYTES = 4096;
const CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n";
const NOTHING = Buffer.alloc(0);

/** The server's end of an HTTP/1.1 connection (RFC 9112). Its requests are answered one after the other. */
export class Http1Connection {
  readonly #socket: Socket;
  readonly #context: ConnectionContext;
  /** Bytes that have come and belong to nothing yet. */
  #ahead: Buffer = NOTHING;
  /** Of them, how many are known to hold no whole head. */
  #searched = 0;
  /** The last head and its text: clients send the same one again and again. */
  #lastText = "";
  #lastHead: RequestHead | undefined;
  #request: Request | undefined;
  /** All of the request is there. */
  #isAnswering = false;
  /** What waits for an answer that comes later. */
  #pending: PendingRequest | undefined;
  #isAdvancing = false;
  #isDraining = false;
  /** The last answer is sent: what the client still says is not listened to. */
  #isEnding = false;
  #hasServed = false;
  /** Since when the client lets the server wait for what is next, on the clock of `performance.now()`; undefined: not known. */
  #since: number | undefined = performance.now();
  #received = 0;
  /** What had been received and taken at the last look at which either had changed, and when that was. */
  #progress = { bytes: 0, since: performance.now() };

  constructor(socket: Socket, context: ConnectionContext) {
    this.#socket = socket;
    this.#context = context;
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("end", () => this.#onEnd());
    socket.on("close", () => this.#onClose());
    socket.on("drain", () => this.#advance());
    // A client that is cut off has no one to be told.
    socket.on("error", () => {});
  }

  /** Whether there is a request on it that isn't answered. */
  get isBusy(): boolean {
    return this.#request !== undefined;
  }

  /** Takes no further request: the answer to the one that has begun is the last. */
  drain(): void {
    this.#isDraining = true;
    if (this.#request === undefined && this.#ahead.length === 0) this.#end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  /** Time has passed: ends what the client takes too long for. */
  look(now: number): void {
    const bytes = this.#received + this.#socket.bytesWritten - this.#socket.writableLength;
    if (bytes !== this.#progress.bytes) this.#progress = { bytes, since: now };
    const { headerMilliseconds, requestMilliseconds, unreadMilliseconds } = this.#context.limits;
    const isSilent = now - this.#progress.since >= unreadMilliseconds;
    this.#since ??= now;
    const waited = now - this.#since;
    if (this.#socket.writableLength > 0) {
      if (isSilent) this.#socket.destroy();
    } else if (this.#isEnding) {
      if (waited >= LAST_MILLISECONDS) this.#socket.destroy();
    } else if (this.#isAnswering) {
      this.#since = undefined;
    } else if (this.#request !== undefined) {
      if (isSilent) this.#socket.destroy();
      else if (waited >= requestMilliseconds) this.#refuseLate();
    } else if (this.#ahead.length > 0) {
      if (waited >= Math.min(headerMilliseconds, requestMilliseconds)) this.#refuseLate();
    } else if (waited >= (this.#hasServed ? KEEP_ALIVE_SECONDS * 1000 : headerMilliseconds)) {
      this.#end();
    }
  }

  #refuseLate(): void {
    this.#refuse(new Refusal(408, "Request Timeout: the request took too long to arrive"));
  }

  #receive(chunk: Buffer): void {
    this.#context.onBuffer(chunk.length);
    this.#received += chunk.length;
    if (this.#isEnding) return;
    this.#ahead = this.#ahead.length === 0 ? chunk : Buffer.concat([this.#ahead, chunk]);
    this.#advance();
    const isBehind = this.#isAnswering || this.#socket.writableNeedDrain;
    if (isBehind && this.#ahead.length > MOST_AHEAD_BYTES) this.#socket.pause();
  }

  /** Goes on with what has come, as far as that goes. */
  #advance(): void {
    if (this.#isAdvancing) return;
    this.#isAdvancing = true;
    try {
      while (this.#step());
    } catch (error) {
      if (error instanceof Refusal) this.#refuse(error);
      else this.#fail(error);
    }
    this.#isAdvancing = false;
  }

  /** @returns whether there may be more to do. */
  #step(): boolean {
    if (this.#isAnswering || this.#isEnding || this.#socket.writableNeedDrain) return false;
    if (this.#request === undefined && !this.#begin()) return false;
    if (!this.#takeBody()) {
      this.#since ??= performance.now();
      return false;
    }
    this.#isAnswering = true;
    this.#since = undefined;
    this.#context.turns.run(this, () => {
      if (!this.#socket.destroyed && !this.#isEnding) this.#answer();
    });
    return true;
  }

  /** Begins with the next request. @returns whether its head is there. */
  #begin(): boolean {
    // The first half of a line end may have come before.
    const skipped = this.#searched <= 1 ? leadingLineEnds(this.#ahead) : 0;
    if (skipped > 0) {
      this.#ahead = this.#ahead.subarray(skipped);
      this.#searched = 0;
    }
    if (this.#ahead.length === 0) {
      this.#ahead = NOTHING;
      if (this.#socket.isPaused()) this.#socket.resume();
      return false;
    }
    const end = findHeadEnd(this.#ahead, this.#searched, this.#context.limits.maxHeaderBytes);
    if (end === undefined) {
      // Of the first one the time counts from the beginning of the connection.
      if (this.#searched === 0 && this.#hasServed) this.#since = performance.now();
      this.#searched = this.#ahead.length;
      if (this.#socket.isPaused()) this.#socket.resume();
      return false;
    }
    if (this.#searched === 0) this.#since = undefined;
    const head = this.#parse(this.#ahead.toString("latin1", 0, end));
    this.#ahead = this.#ahead.subarray(end + 4);
    this.#searched = 0;
    const { maxBodyBytes, memory, limits } = this.#context;
    if (head.length !== undefined && head.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
    const body = new GatheredBytes(memory);
    const chunks =
      head.length !== undefined
        ? undefined
        : new ChunkedBody((piece) => {
            body.append(piece, undefined);
            if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
          }, limits.maxHeaderBytes);
    this.#request = { head, body, chunks };
    if (head.expectsContinue && this.#ahead.length === 0 && head.length !== 0) this.#socket.write(CONTINUE);
    return true;
  }

  #parse(text: string): RequestHead {
    if (this.#lastHead !== undefined && text === this.#lastText) return this.#lastHead;
    const head = parseRequestHead(text);
    this.#lastText = text;
    this.#lastHead = head;
    return head;
  }

  /** @returns whether all of the body is there. */
  #takeBody(): boolean {
    const { head, body, chunks } = this.#request!;
    const ahead = this.#ahead;
    let taken: number;
    if (chunks !== undefined) {
      taken = chunks.push(ahead);
    } else {
      taken = Math.min(ahead.length, head.length! - body.length);
      if (taken > 0) body.append(taken === ahead.length ? ahead : ahead.subarray(0, taken), head.length);
    }
    this.#ahead = taken === ahead.length ? NOTHING : ahead.subarray(taken);
    const isComplete = chunks?.isComplete ?? body.length === head.length;
    if (!isComplete && this.#socket.isPaused()) this.#socket.resume();
    return isComplete;
  }

  #answer(): void {
    const { head, body } = this.#request!;
    const { handler, timeoutMilliseconds } = this.#context;
    const pending = new PendingRequest(head, body.bytes(), timeoutMilliseconds, () => this.#late());
    let reply: HttpResponse | Promise<HttpResponse>;
    try {
      reply = handler(pending);
    } catch (error) {
      reply = this.#failed(error, head);
    }
    if (reply instanceof Promise) {
      this.#answerLater(pending, this.#request!, reply);
      return;
    }
    body.release();
    this.#send(reply);
  }

  #answerLater(pending: PendingRequest, { head, body }: Request, reply: Promise<HttpResponse>): void {
    this.#pending = pending;
    const waiting = {
      deadline: pending.deadline,
      expire: () => {
        this.#pending = undefined;
        this.#send(pending.expire());
      },
    };
    this.#context.deadlines.add(waiting);
    reply
      .catch((error: unknown) => this.#failed(error, head))
      .then((answer) => {
        body.release();
        this.#context.deadlines.delete(waiting);
        // Otherwise its time was over.
        if (this.#pending !== pending) return;
        this.#pending = undefined;
        this.#send(answer);
      });
  }

  #failed(error: unknown, head: RequestHead): HttpResponse {
    this.#context.onFailure(error, head.target);
    return this.#ownError(errorReply(asStatusError(error)));
  }

  #late(): HttpResponse {
    // As TensorFlow words it when a run takes too long.
    return this.#ownError(
      errorReply(new StatusError(Code.DEADLINE_EXCEEDED, "Timed out waiting for notification")),
    );
  }

  #ownError(reply: HttpResponse): HttpResponse {
    return { ...reply, headers: { ...reply.headers, ...this.#context.errorHeaders } };
  }

  /** Sends the answer to the request, and goes on to the next. */
  #send(reply: HttpResponse): void {
    const { head } = this.#request!;
    this.#request = undefined;
    this.#isAnswering = false;
    this.#hasServed = true;
    if (this.#socket.destroyed) return;
    const isKept = head.isKept && !this.#isDraining && !this.#socket.readableEnded;
    try {
      this.#write(reply, isKept, head.method === "HEAD");
    } catch (error) {
      this.#fail(error);
      return;
    }
    if (isKept) this.#advance();
    else this.#end();
  }

  #write({ status, headers, body }: HttpResponse, isKept: boolean, isHead: boolean): void {
    const socket = this.#socket;
    const length = typeof body === "string" ? Buffer.byteLength(body) : body.byteLength;
    const head = responseHead(status, headers, length, isKept);
    if (isHead || length === 0) {
      socket.write(head, "latin1");
    } else if (typeof body !== "string" && length <= MOST_JOINED_BYTES) {
      const text = Buffer.from(body.buffer, body.byteOffset, length).toString("latin1");
      socket.write(head + text, "latin1");
    } else if (typeof body === "string" && length === body.length) {
      socket.write(head + body, "latin1");
    } else {
      this.#context.onBuffer(length);
      socket.cork();
      socket.write(head, "latin1");
      socket.write(body);
      socket.uncork();
    }
  }

  /** Answers what is no request, or none that is taken. */
  #refuse({ status, message }: Refusal): void {
    if (this.#socket.destroyed || this.#isEnding) return;
    this.#write(this.#ownError(errorWithStatus(status, message)), false, false);
    this.#end();
  }

  /** An error of our own. */
  #fail(error: unknown): void {
    this.#context.onFailure(error, this.#request?.head.target ?? "");
    this.#socket.destroy();
  }

  /** Lets the client read what is sent before the connection is gone. */
  #end(): void {
    this.#isEnding = true;
    this.#since = undefined;
    this.#request?.body.release();
    this.#request = undefined;
    this.#ahead = NOTHING;
    this.#socket.end();
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /** The client has nothing more to say, and most often has gone. */
  #onEnd(): void {
    if (this.#isAnswering) this.#pending?.giveUp();
    else if (!this.#isEnding) this.#end();
  }

  #onClose(): void {
    this.#pending?.giveUp();
    if (!this.#isAnswering) this.#request?.body.release();
  }
}

function tooLarge(limit: number): Refusal {
  return new Refusal(413, `Request body is larger than ${limit} bytes`);
}
