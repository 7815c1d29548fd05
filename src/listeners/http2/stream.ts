import { FrameType, numberFrame } from "./frames.ts";
import type { Outgoing } from "./outgoing.ts";
import type { ResponseSender, Sending } from "./response-sender.ts";

const NOTHING = new Uint8Array(0);

/** Takes a request as it arrives. None of it throws. */
export interface RequestReceiver {
  /** A piece of the body, which becomes the receiver's. */
  data(piece: Uint8Array): void;
  /** The request is complete. */
  end(): void;
  /** There is no one any more to answer to. Called at most once, and not after the answer is sent. */
  cancel(): void;
}

/** What a stream needs of its connection. */
export interface StreamOwner {
  readonly out: Outgoing;
  readonly sender: ResponseSender;
  /** Bytes of answers that the client hasn't taken. */
  readonly unread: number;
  /** Neither side sends any more. */
  closed(stream: ServerStream): void;
}

/** A request and its response (RFC 9113, 5.1). */
export class ServerStream {
  readonly id: number;
  receiver: RequestReceiver | undefined;
  /** Bytes of the request's body so far, and how many its headers announce. */
  received = 0;
  readonly announced: number | undefined;
  /** Bytes that the client has sent since it was last allowed more. */
  unacknowledged = 0;
  /** Bytes that came after the response. */
  discarded = 0;
  /** What the response may take; the sender's once that has begun. */
  sendWindow: number;
  readonly #owner: StreamOwner;
  #requestEnded = false;
  #state: "unanswered" | "streaming" | "answering" | "answered" | "gone" = "unanswered";
  /** The response, while it comes piece by piece. */
  #sending: Sending | undefined;

  constructor(id: number, owner: StreamOwner, announced: number | undefined) {
    this.id = id;
    this.announced = announced;
    this.sendWindow = owner.sender.initialWindow;
    this.#owner = owner;
  }

  get requestEnded(): boolean {
    return this.#requestEnded;
  }

  /** Whether the response is on its way, so that no one waits for more of the request. */
  get isAnswered(): boolean {
    return this.#state !== "unanswered" && this.#state !== "streaming";
  }

  /** What stands for the connection that the stream belongs to. */
  get connection(): object {
    return this.#owner;
  }

  /** Bytes of answers on all streams of the connection that the client hasn't taken. */
  get unread(): number {
    return this.#owner.unread;
  }

  /** Answers with headers, a body and trailers; does nothing if the stream is gone. */
  respond(headers: Uint8Array, body: Uint8Array, trailers: Uint8Array): void {
    if (this.#state !== "unanswered") return;
    this.#state = "answering";
    const { id: stream, sendWindow: window } = this;
    const onSent = () => this.#sent();
    this.#owner.sender.send(headers, { stream, window, body, sent: 0, trailers, onSent });
  }

  /** Begins an answer whose body comes piece by piece, while the request may go on; nothing if the stream is gone. */
  begin(headers: Uint8Array): void {
    if (this.#state !== "unanswered") return;
    this.#state = "streaming";
    const { id: stream, sendWindow: window } = this;
    const onSent = () => this.#sent();
    this.#sending = { stream, window, body: NOTHING, sent: 0, trailers: undefined, onSent };
    this.#owner.sender.begin(headers, this.#sending);
  }

  /**
   * A piece of the body of an answer that was begun.
   * @returns how many bytes the client hasn't taken yet.
   */
  write(piece: Uint8Array): number {
    if (this.#state !== "streaming" || this.#sending === undefined) return 0;
    this.#owner.sender.extend(this.#sending, piece);
    return this.#sending.body.length - this.#sending.sent;
  }

  /** Ends an answer that was begun. */
  finish(trailers: Uint8Array): void {
    if (this.#state !== "streaming" || this.#sending === undefined) return;
    this.#state = "answering";
    this.#owner.sender.finish(this.#sending, trailers);
  }

  /** Answers with headers alone; does nothing if the stream is gone. */
  respondHeaders(block: Uint8Array): void {
    if (this.#state !== "unanswered") return;
    this.#owner.sender.sendHeaders(this.id, block);
    this.#sent();
  }

  /** The client has sent its last frame. */
  endRequest(): void {
    this.#requestEnded = true;
    this.receiver?.end();
    if (this.#state === "answered") this.#close();
  }

  /** Ends the stream at once. The client is told with `code`, unless it was the client that did it. */
  reset(code: number | undefined): void {
    if (code !== undefined) this.#owner.out.add(numberFrame(FrameType.RST_STREAM, this.id, code));
    this.#owner.sender.forget(this.id);
    this.#close();
  }

  #sent(): void {
    this.#state = "answered";
    if (this.#requestEnded) this.#close();
  }

  #close(): void {
    const wasAnswered = this.#state === "answered";
    this.#state = "gone";
    this.#owner.closed(this);
    if (!wasAnswered) this.receiver?.cancel();
  }
}
