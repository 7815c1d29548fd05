import {
  ConnectionError,
  DEFAULT_MAX_FRAME_LENGTH,
  DEFAULT_WINDOW,
  ErrorCode,
  Flag,
  FRAME_HEAD_LENGTH,
  FrameType,
  frameOf,
  MAX_UINT31,
  writeFrameHead,
} from "./frames.ts";
import type { Outgoing } from "./outgoing.ts";

/** A response with a body, as far as it is sent. */
export interface Sending {
  readonly stream: number;
  /** Bytes that the peer takes on this stream. Negative after it has taken back what it had allowed. */
  window: number;
  body: Uint8Array;
  sent: number;
  /** An encoded header block; undefined as long as more of the body may come. */
  trailers: Uint8Array | undefined;
  /** Called when all is sent. */
  readonly onSent: () => void;
}

/** Sends responses as the peer's windows allow (RFC 9113, 5.2). */
export class ResponseSender {
  readonly #out: Outgoing;
  /** In the order in which they began to wait. */
  readonly #waiting = new Map<number, Sending>();
  #window = DEFAULT_WINDOW;
  #initialWindow = DEFAULT_WINDOW;
  #maxFrameLength = DEFAULT_MAX_FRAME_LENGTH;
  #unsent = 0;

  constructor(out: Outgoing) {
    this.#out = out;
  }

  /** The window that a new stream begins with. */
  get initialWindow(): number {
    return this.#initialWindow;
  }

  /** Bytes of bodies that wait for the peer's windows. */
  get unsent(): number {
    return this.#unsent;
  }

  /** A response without a body. */
  sendHeaders(stream: number, block: Uint8Array): void {
    this.#out.add(frameOf(FrameType.HEADERS, Flag.END_HEADERS | Flag.END_STREAM, stream, block));
  }

  /** The headers of a response whose body comes piece by piece. */
  begin(headers: Uint8Array, sending: Sending): void {
    this.#out.add(frameOf(FrameType.HEADERS, Flag.END_HEADERS, sending.stream, headers));
    this.#waiting.set(sending.stream, sending);
  }

  /** One more piece of it. */
  extend(sending: Sending, piece: Uint8Array): void {
    const left = sending.body.subarray(sending.sent);
    sending.body = left.length === 0 ? piece : Buffer.concat([left, piece]);
    sending.sent = 0;
    if (this.#waiting.has(sending.stream)) this.#unsent += piece.length;
    this.#advance(sending);
  }

  /** The end of it. */
  finish(sending: Sending, trailers: Uint8Array): void {
    sending.trailers = trailers;
    this.#advance(sending);
  }

  /** A response of headers, body and trailers. */
  send(headers: Uint8Array, sending: Sending & { readonly trailers: Uint8Array }): void {
    const { stream, body, trailers, window } = sending;
    const { length } = body;
    if (length > window || length > this.#window || length > this.#maxFrameLength) {
      this.#out.add(frameOf(FrameType.HEADERS, Flag.END_HEADERS, stream, headers));
      this.#waiting.set(stream, sending);
      this.#unsent += length;
      this.#advance(sending);
      return;
    }
    this.#window -= length;
    const out = Buffer.allocUnsafe(3 * FRAME_HEAD_LENGTH + headers.length + length + trailers.length);
    let at = writeFrameHead(out, 0, headers.length, FrameType.HEADERS, Flag.END_HEADERS, stream);
    out.set(headers, at);
    at = writeFrameHead(out, at + headers.length, length, FrameType.DATA, 0, stream);
    out.set(body, at);
    const last = Flag.END_HEADERS | Flag.END_STREAM;
    at = writeFrameHead(out, at + length, trailers.length, FrameType.HEADERS, last, stream);
    out.set(trailers, at);
    this.#out.add(out);
    sending.onSent();
  }

  /** The stream was reset. */
  forget(stream: number): void {
    const sending = this.#waiting.get(stream);
    if (sending === undefined) return;
    this.#unsent -= sending.body.length - sending.sent;
    this.#waiting.delete(stream);
  }

  /** @throws ConnectionError if the window grows beyond 2^31 - 1. */
  growWindow(increment: number): void {
    this.#window += increment;
    if (this.#window > MAX_UINT31) throw overflow();
    this.#advanceAll();
  }

  /**
   * @param window of the stream before.
   * @returns the window after, which belongs to the caller until a response is sent on it.
   * @throws ConnectionError if the window grows beyond 2^31 - 1.
   */
  growStreamWindow(stream: number, window: number, increment: number): number {
    const sending = this.#waiting.get(stream);
    const grown = (sending?.window ?? window) + increment;
    if (grown > MAX_UINT31) throw overflow();
    if (sending === undefined) return grown;
    sending.window = grown;
    this.#advance(sending);
    return grown;
  }

  /** @returns by how much the windows of all streams change that have sent nothing yet. */
  setInitialWindow(window: number): number {
    const change = window - this.#initialWindow;
    this.#initialWindow = window;
    for (const sending of this.#waiting.values()) sending.window += change;
    this.#advanceAll();
    return change;
  }

  setMaxFrameLength(length: number): void {
    this.#maxFrameLength = length;
  }

  #advanceAll(): void {
    for (const sending of this.#waiting.values()) {
      if (this.#window <= 0) return;
      this.#advance(sending);
    }
  }

  #advance(sending: Sending): void {
    const { stream, body } = sending;
    while (sending.sent < body.length) {
      const left = body.length - sending.sent;
      const length = Math.min(left, sending.window, this.#window, this.#maxFrameLength);
      if (length <= 0) return;
      const head = Buffer.allocUnsafe(FRAME_HEAD_LENGTH);
      writeFrameHead(head, 0, length, FrameType.DATA, 0, stream);
      this.#out.add(head);
      this.#out.add(body.subarray(sending.sent, sending.sent + length));
      sending.sent += length;
      this.#unsent -= length;
      sending.window -= length;
      this.#window -= length;
    }
    if (sending.trailers === undefined) return;
    this.#waiting.delete(stream);
    this.sendHeaders(stream, sending.trailers);
    sending.onSent();
  }
}

function overflow(): ConnectionError {
  return new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "A window of more than 2^31 - 1 bytes");
}
