import type { Socket } from "node:net";
import { FrameBudget } from "./frame-budget.ts";
import { type FrameHandler, FrameReader } from "./frame-reader.ts";
import {
  ConnectionError,
  DEFAULT_MAX_FRAME_LENGTH,
  DEFAULT_WINDOW,
  ErrorCode,
  expectLength,
  Flag,
  FrameType,
  frameOf,
  MAX_UINT31,
  numberFrame,
  protocolError,
} from "./frames.ts";
import { type HeaderBlock, HeaderBlocks } from "./header-blocks.ts";
import { encodeHeaders } from "./hpack/encode.ts";
import { Outgoing } from "./outgoing.ts";
import { Preface } from "./preface.ts";
import { RECEIVE_WINDOW, ReceiveWindow } from "./receive-window.ts";
import { RequestHeaderReader } from "./request-header-reader.ts";
import { ResponseSender } from "./response-sender.ts";
import { decodeSettings, encodeSettings, Setting, type SettingRow } from "./settings.ts";
import { type RequestReceiver, ServerStream, type StreamOwner } from "./stream.ts";

export interface ConnectionOptions {
  /** Requests that may be open at a time. */
  readonly maxConcurrentStreams: number;
  /** Of a request's headers, encoded and decoded. */
  readonly maxHeaderBytes: number;
  /** Takes a request whose headers are there, and answers it on its stream, now or later. */
  readonly open: (stream: ServerStream, headers: Readonly<Record<string, string>>) => RequestReceiver;
  /** Told of each buffer in which bytes come or go, how many they are. */
  readonly onBuffer: (bytes: number) => void;
  /** Told of an error of our own; the connection is ended. */
  readonly onFailure: (error: unknown) => void;
}

/** How much a client may send on after its answer before it is told to stop. */
const MAX_DISCARDED = 1 << 20;

/** A client that sends so many frames which must be answered, and reads no answer, is up to no good. */
const MAX_UNREAD_ANSWERS = 10_000;

/**
 * Of a client that leaves so many bytes lie in the socket no more is read until it takes them: each of its next requests would
 * add to them, if only by a refusal.
 */
const MAX_UNREAD = 4 << 20;

/** What a client may take to close its end once everything is said. */
const LAST_MILLISECONDS = 2000;

const NOTHING = Buffer.alloc(0);
const HEADERS_TOO_LARGE = encodeHeaders({ ":status": 431 });
const DRAIN_PING = Buffer.from("draining", "latin1");

/** The server's end of an HTTP/2 connection over cleartext, with prior knowledge (RFC 9113). */
export class ServerConnection implements FrameHandler, StreamOwner {
  readonly out: Outgoing;
  readonly sender: ResponseSender;
  readonly #socket: Socket;
  readonly #options: ConnectionOptions;
  readonly #reader = new FrameReader(this, DEFAULT_MAX_FRAME_LENGTH);
  readonly #blocks: HeaderBlocks;
  readonly #headers: RequestHeaderReader;
  readonly #resets = FrameBudget.forResets();
  readonly #control = FrameBudget.forControl();
  readonly #streams = new Map<number, ServerStream>();
  readonly #preface = new Preface();
  /** The newest stream that the client has opened. */
  #lastStream = 0;
  /** The newest stream that is still served: later ones are not. */
  #lastServed = MAX_UINT31;
  /** Since when there are no streams, on the clock of `performance.now()`; Infinity while there are some. */
  idleSince = performance.now();
  readonly #window = new ReceiveWindow();
  #unreadAnswers = 0;
  #isEnding = false;

  constructor(socket: Socket, options: ConnectionOptions) {
    this.#socket = socket;
    this.#options = options;
    this.#blocks = new HeaderBlocks(options.maxHeaderBytes);
    this.#headers = new RequestHeaderReader(options.maxHeaderBytes);
    this.out = new Outgoing(socket, options.onBuffer);
    this.sender = new ResponseSender(this.out);
    socket.on("data", (chunk: Buffer) => this.#receive(chunk));
    socket.on("close", () => this.#cancelAll());
    // A client that is cut off has no one to be told.
    socket.on("error", () => {});
    this.#sendSettings();
  }

  /** Whether the client has sent the preface that every connection begins with. */
  get isGreeted(): boolean {
    return this.#preface.isComplete;
  }

  /** Bytes of answers that the client hasn't taken, beyond what the system buffers. */
  get unread(): number {
    return this.sender.unsent + this.out.unread;
  }

  /** Bytes that the client, or the system on its behalf, has taken. */
  get taken(): number {
    return this.#socket.bytesWritten - this.out.unread;
  }

  /**
   * Serves what has begun and then closes the connection. Calls that were sent before the client has heard of the end
   * must not be refused: the first GOAWAY refuses none, and only when the client has answered a PING behind it does the
   * second name the last stream that is served (RFC 9113, 6.8).
   */
  drain(): void {
    this.out.add(numberFrame(FrameType.GOAWAY, 0, MAX_UINT31, ErrorCode.NO_ERROR));
    this.out.add(frameOf(FrameType.PING, 0, 0, DRAIN_PING));
  }

  /**
   * Time has passed: requests that aren't complete have been on their way for so much longer.
   * @param most how long one may be, in milliseconds.
   */
  age(milliseconds: number, most: number): void {
    for (const stream of this.#streams.values()) {
      if (stream.requestEnded) continue;
      stream.sendingFor += milliseconds;
      if (stream.sendingFor > most) stream.receiver?.late();
    }
  }

  /** Closes a connection on which there is no request; one that is on its way may be sent again elsewhere. */
  endIdle(): void {
    this.out.add(numberFrame(FrameType.GOAWAY, 0, this.#lastStream, ErrorCode.NO_ERROR));
    this.#isEnding = true;
    this.out.end();
    this.#socket.destroySoon();
  }

  /** Cuts the connection. */
  destroy(): void {
    this.#socket.destroy();
    this.#cancelAll();
  }

  closed(stream: ServerStream): void {
    this.#streams.delete(stream.id);
    if (this.#streams.size === 0) this.idleSince = performance.now();
    this.#endIfDone();
  }

  #sendSettings(): void {
    const { maxConcurrentStreams, maxHeaderBytes } = this.#options;
    const settings: SettingRow[] = [
      [Setting.INITIAL_WINDOW_SIZE, RECEIVE_WINDOW],
      [Setting.MAX_HEADER_LIST_SIZE, maxHeaderBytes],
    ];
    if (maxConcurrentStreams < MAX_UINT31) {
      settings.push([Setting.MAX_CONCURRENT_STREAMS, maxConcurrentStreams]);
    }
    this.out.add(frameOf(FrameType.SETTINGS, 0, 0, encodeSettings(settings)));
    this.out.add(numberFrame(FrameType.WINDOW_UPDATE, 0, RECEIVE_WINDOW - DEFAULT_WINDOW));
  }

  #receive(chunk: Buffer): void {
    this.#options.onBuffer(chunk.length);
    if (this.#isEnding) return;
    this.out.hold();
    try {
      this.#reader.push(this.#preface.strip(chunk));
    } catch (error) {
      this.#fail(error);
    }
    this.out.release();
    if (this.out.unread > MAX_UNREAD && !this.#isEnding) this.#pause();
  }

  #pause(): void {
    this.#socket.pause();
    this.#socket.once("drain", () => this.#socket.resume());
  }

  onData(id: number, piece: Uint8Array, size: number, flags: number): void {
    this.#blocks.expectComplete();
    if (size === 0 && !(flags & Flag.END_STREAM)) this.#control.spend();
    this.#window.take(size);
    const granted = this.#window.grant();
    if (granted > 0) this.out.add(numberFrame(FrameType.WINDOW_UPDATE, 0, granted));
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#expectKnown(id);
    else this.#receiveData(stream, piece, size, (flags & Flag.END_STREAM) !== 0);
  }

  #receiveData(stream: ServerStream, piece: Uint8Array, size: number, isLast: boolean): void {
    if (stream.requestEnded) {
      this.#reset(stream, ErrorCode.STREAM_CLOSED);
      return;
    }
    stream.received += piece.length;
    stream.window.take(size);
    const { announced, received } = stream;
    if (announced !== undefined && (received > announced || (isLast && received < announced))) {
      this.#reset(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (!stream.isAnswered) {
      stream.receiver!.data(piece);
    } else {
      stream.discarded += size;
      if (stream.discarded > MAX_DISCARDED) {
        stream.reset(ErrorCode.NO_ERROR);
        return;
      }
    }
    if (isLast) {
      stream.endRequest();
      return;
    }
    const granted = stream.window.grant();
    if (granted > 0) this.out.add(numberFrame(FrameType.WINDOW_UPDATE, stream.id, granted));
  }

  onFrame(type: number, flags: number, id: number, payload: Buffer): void {
    if (type === FrameType.CONTINUATION) {
      this.#onBlock(this.#blocks.onContinuation(id, flags, payload));
      return;
    }
    this.#blocks.expectComplete();
    if (type !== FrameType.HEADERS && type !== FrameType.RST_STREAM) this.#control.spend();
    switch (type) {
      case FrameType.HEADERS:
        if (id % 2 === 0) throw protocolError(`HEADERS on stream ${id}`);
        this.#onBlock(this.#blocks.onHeaders(id, flags, payload));
        break;
      case FrameType.PRIORITY:
        if (id === 0) throw protocolError("A PRIORITY on no stream");
        expectLength(payload, 5);
        break;
      case FrameType.RST_STREAM:
        this.#onReset(id, payload);
        break;
      case FrameType.SETTINGS:
        this.#onSettings(flags, id, payload);
        break;
      case FrameType.PUSH_PROMISE:
        throw protocolError("A PUSH_PROMISE from a client");
      case FrameType.PING:
        this.#onPing(flags, id, payload);
        break;
      case FrameType.GOAWAY:
        this.#onGoaway(id, payload);
        break;
      case FrameType.WINDOW_UPDATE:
        this.#onWindowUpdate(id, payload);
        break;
    }
  }

  #onBlock(block: HeaderBlock | undefined): void {
    if (block === undefined) return;
    const { stream: id, flags } = block;
    // Decoded in any case, to know what later blocks refer to.
    const headers = this.#headers.read(block.bytes);
    const isEnd = (flags & Flag.END_STREAM) !== 0;
    const known = this.#streams.get(id);
    if (known !== undefined) this.#onTrailers(known, isEnd);
    if (id <= this.#lastStream) return;
    this.#lastStream = id;
    if (id > this.#lastServed) return;
    const isRequest = typeof headers === "object";
    const stream = new ServerStream(
      id,
      this,
      announcedLength(isRequest ? headers["content-length"] : undefined),
    );
    if (this.#streams.size >= this.#options.maxConcurrentStreams) {
      stream.reset(ErrorCode.REFUSED_STREAM);
      return;
    }
    this.#streams.set(id, stream);
    this.idleSince = Number.POSITIVE_INFINITY;
    if (isRequest) {
      stream.receiver = this.#options.open(stream, headers);
    } else if (headers === "too large") {
      stream.respondHeaders(HEADERS_TOO_LARGE);
    } else {
      this.#reset(stream, ErrorCode.PROTOCOL_ERROR);
      return;
    }
    if (isEnd) this.#endWithoutBody(stream);
  }

  #onTrailers(stream: ServerStream, isEnd: boolean): void {
    if (isEnd && !stream.requestEnded) this.#endWithoutBody(stream);
    else this.#reset(stream, stream.requestEnded ? ErrorCode.STREAM_CLOSED : ErrorCode.PROTOCOL_ERROR);
  }

  #endWithoutBody(stream: ServerStream): void {
    if (stream.announced === undefined || stream.announced === stream.received) stream.endRequest();
    else this.#reset(stream, ErrorCode.PROTOCOL_ERROR);
  }

  #onReset(id: number, payload: Buffer): void {
    expectLength(payload, 4);
    const stream = this.#streams.get(id);
    if (stream === undefined) {
      this.#expectKnown(id);
      return;
    }
    this.#resets.spend();
    stream.reset(undefined);
  }

  /** Ends a stream on which the client broke the rules. */
  #reset(stream: ServerStream, code: number): void {
    this.#resets.spend();
    stream.reset(code);
  }

  #onSettings(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw protocolError("SETTINGS on a stream");
    if (flags & Flag.ACK) {
      expectLength(payload, 0);
      return;
    }
    const settings = decodeSettings(payload);
    // First, as the client counts on its own settings from there on.
    this.#answer(frameOf(FrameType.SETTINGS, Flag.ACK, 0, NOTHING));
    for (const [setting, value] of settings) {
      if (setting === Setting.MAX_FRAME_SIZE) this.sender.setMaxFrameLength(value);
      if (setting !== Setting.INITIAL_WINDOW_SIZE) continue;
      const change = this.sender.setInitialWindow(value);
      for (const stream of this.#streams.values()) stream.sendWindow += change;
    }
  }

  #onPing(flags: number, id: number, payload: Buffer): void {
    if (id !== 0) throw protocolError("A PING on a stream");
    expectLength(payload, 8);
    if (!(flags & Flag.ACK)) {
      this.#answer(frameOf(FrameType.PING, Flag.ACK, 0, payload));
    } else if (payload.equals(DRAIN_PING)) {
      this.#lastServed = this.#lastStream;
      this.out.add(numberFrame(FrameType.GOAWAY, 0, this.#lastServed, ErrorCode.NO_ERROR));
      this.#endIfDone();
    }
  }

  /** Sends what the client can make us send without end. */
  #answer(frame: Buffer): void {
    if (this.out.unread === 0) this.#unreadAnswers = 0;
    if (++this.#unreadAnswers > MAX_UNREAD_ANSWERS)
      throw new ConnectionError(ErrorCode.ENHANCE_YOUR_CALM, "Answers that are not read");
    this.out.add(frame);
  }

  #onGoaway(id: number, payload: Buffer): void {
    if (id !== 0) throw protocolError("A GOAWAY on a stream");
    if (payload.length < 8) throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, "A GOAWAY that is cut off");
    this.#lastServed = Math.min(this.#lastServed, this.#lastStream);
    this.#endIfDone();
  }

  #onWindowUpdate(id: number, payload: Buffer): void {
    expectLength(payload, 4);
    const increment = payload.readUInt32BE(0) & MAX_UINT31;
    if (increment === 0) throw protocolError("A window that grows by nothing");
    if (id === 0) {
      this.sender.growWindow(increment);
      return;
    }
    const stream = this.#streams.get(id);
    if (stream === undefined) this.#expectKnown(id);
    else stream.sendWindow = this.sender.growStreamWindow(id, stream.sendWindow, increment);
  }

  /** A frame on a stream that isn't there is late, or on one that never was. */
  #expectKnown(id: number): void {
    if (id % 2 === 0 || id > this.#lastStream) throw protocolError(`A frame on the idle stream ${id}`);
  }

  #endIfDone(): void {
    if (this.#lastServed === MAX_UINT31 || this.#streams.size > 0 || this.#isEnding) return;
    this.#end();
  }

  /** Lets the client read what is sent before the connection is gone. */
  #end(): void {
    this.#isEnding = true;
    this.out.end();
    setTimeout(() => this.#socket.destroy(), LAST_MILLISECONDS).unref();
  }

  /** Tells the client what it did wrong, and ends the connection. */
  #fail(error: unknown): void {
    if (!(error instanceof ConnectionError)) this.#options.onFailure(error);
    const code = error instanceof ConnectionError ? error.code : ErrorCode.INTERNAL_ERROR;
    this.out.add(numberFrame(FrameType.GOAWAY, 0, this.#lastStream, code));
    this.#end();
    this.#cancelAll();
  }

  #cancelAll(): void {
    this.#isEnding = true;
    for (const stream of [...this.#streams.values()]) stream.reset(undefined);
  }
}

function announcedLength(header: string | undefined): number | undefined {
  return header === undefined ? undefined : Number(header);
}
