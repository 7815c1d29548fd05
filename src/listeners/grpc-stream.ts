import type { StreamStart } from "../protocols/grpc/call-headers.ts";
import { decompress } from "../protocols/grpc/compression.ts";
import { MessageSplitter } from "../protocols/grpc/message-splitter.ts";
import { OK_TRAILERS, statusTrailers } from "../protocols/grpc/status-trailers.ts";
import type { StreamCall, StreamReceiver } from "../protocols/streaming.ts";
import type { UnaryCall } from "../protocols/unary.ts";
import { Code, resourceExhausted, StatusError } from "../status/status.ts";
import { ANSWER_HEADERS, type CallContext, publicStatus } from "./call-context.ts";
import type { Expiring } from "./deadlines.ts";
import { encodeHeaders } from "./http2/hpack/encode.ts";
import type { RequestReceiver, ServerStream } from "./http2/stream.ts";

/** Of a request message in bytes: what streams carry is small. */
const MAX_MESSAGE_LENGTH = 64 << 10;

/** A client that lets more than so many bytes of responses lie is let go. */
const MAX_UNREAD = 4 << 20;

/** A call of several messages on a stream. Nothing that the client sends or does throws. */
export class GrpcStream implements StreamCall, Expiring, RequestReceiver {
  readonly headers: UnaryCall["headers"];
  readonly deadline: number;
  readonly #stream: ServerStream;
  readonly #context: CallContext;
  readonly #start: StreamStart;
  readonly #messages = new MessageSplitter(MAX_MESSAGE_LENGTH);
  readonly #receiver: StreamReceiver | undefined;
  /** Messages are handed on one after the other. */
  #handled: Promise<void> | undefined;
  #over = false;

  constructor(stream: ServerStream, headers: UnaryCall["headers"], context: CallContext, start: StreamStart) {
    this.headers = headers;
    this.#stream = stream;
    this.#context = context;
    this.#start = start;
    this.deadline =
      start.timeout === undefined ? Number.POSITIVE_INFINITY : performance.now() + start.timeout;
    context.deadlines.add(this);
    stream.begin(ANSWER_HEADERS);
    try {
      this.#receiver = start.method(this);
    } catch (error) {
      this.#fail(error);
    }
  }

  send(frame: Uint8Array): void {
    if (this.#over) return;
    if (this.#stream.write(frame) > MAX_UNREAD) {
      this.#fail(resourceExhausted(`More than ${MAX_UNREAD} bytes of responses that were not read`));
    }
  }

  finish(error?: StatusError): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.deadlines.delete(this);
    this.#stream.finish(encodeHeaders(error === undefined ? OK_TRAILERS : statusTrailers(error)));
  }

  expire(): void {
    this.#fail(new StatusError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded"));
  }

  /** It may go on for as long as its client likes. */
  late(): void {}

  cancel(): void {
    if (this.#over) return;
    this.#over = true;
    this.#context.deadlines.delete(this);
    this.#receiver?.cancel();
  }

  data(piece: Uint8Array): void {
    if (this.#over) return;
    try {
      for (const { bytes, compressed } of this.#messages.push(piece)) {
        this.#handle(async () => {
          const { encoding } = this.#start;
          const message = compressed ? await decompress(encoding, bytes, MAX_MESSAGE_LENGTH) : bytes;
          if (!this.#over) await this.#receiver?.message(message);
        });
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  end(): void {
    if (this.#over) return;
    this.#handle(() => {
      this.#messages.finish();
      this.#receiver?.end();
    });
  }

  #handle(work: () => void | Promise<void>): void {
    const before = this.#handled ?? Promise.resolve();
    this.#handled = before
      .then(() => (this.#over ? undefined : work()))
      .catch((error: unknown) => this.#fail(error));
  }

  #fail(error: unknown): void {
    const status = publicStatus(error);
    if (status !== error) this.#context.onFailure(error, String(this.headers[":path"]));
    if (this.#over) return;
    this.finish(status);
    this.#receiver?.cancel();
  }
}
