import { httpRefusal, RESPONSE_HEADERS, startCall, type UnaryStart } from "../protocols/grpc/call-headers.ts";
import { decompress } from "../protocols/grpc/compression.ts";
import { MessageAssembler } from "../protocols/grpc/framing.ts";
import { OK_TRAILERS, statusTrailers } from "../protocols/grpc/status-trailers.ts";
import type { UnaryCall } from "../protocols/unary.ts";
import { type Cancellation, CancellationSource } from "../status/cancellation.ts";
import { Code, resourceExhausted, StatusError } from "../status/status.ts";
import { ANSWER_HEADERS, type CallContext, publicStatus } from "./call-context.ts";
import type { Expiring } from "./deadlines.ts";
import { GrpcStream } from "./grpc-stream.ts";
import { encodeHeaders } from "./http2/hpack/encode.ts";
import type { RequestReceiver, ServerStream } from "./http2/stream.ts";

const OK = encodeHeaders(OK_TRAILERS);

/** Takes what is thrown away. */
const NO_ONE: RequestReceiver = { data() {}, end() {}, cancel() {} };

/** Serves the call that a new stream carries. Nothing that the client sends or does throws. */
export function serveCall(
  stream: ServerStream,
  headers: UnaryCall["headers"],
  context: CallContext,
): RequestReceiver {
  const refusal = httpRefusal(headers);
  if (refusal !== undefined) {
    stream.respondHeaders(encodeHeaders({ ":status": refusal }));
    return NO_ONE;
  }
  try {
    const start = startCall(headers, context);
    if (start.kind === "stream") return new GrpcStream(stream, headers, context, start);
    return new GrpcCall(stream, headers, context, start);
  } catch (error) {
    refuse(stream, publicStatus(error));
    return NO_ONE;
  }
}

function refuse(stream: ServerStream, status: StatusError): void {
  stream.respondHeaders(encodeHeaders({ ...RESPONSE_HEADERS, ...statusTrailers(status) }));
}

class GrpcCall extends CancellationSource implements UnaryCall, Expiring, RequestReceiver {
  readonly headers: UnaryCall["headers"];
  /** When the answer must be there; until the message is, when that must be, if it is earlier. */
  deadline: number;
  readonly #stream: ServerStream;
  readonly #context: CallContext;
  readonly #start: UnaryStart;
  readonly #message: MessageAssembler;
  /** On the clock of `performance.now()`; Infinity for never. */
  readonly #answerBy: number;
  #abort: AbortController | undefined;
  /** Answered, or not to be answered any more. */
  #over = false;

  constructor(stream: ServerStream, headers: UnaryCall["headers"], context: CallContext, start: UnaryStart) {
    super();
    this.headers = headers;
    this.#stream = stream;
    this.#context = context;
    this.#start = start;
    this.#message = new MessageAssembler(context.maxReceiveMessageLength, context.memory);
    this.#answerBy =
      performance.now() + Math.min(start.timeout ?? Number.POSITIVE_INFINITY, context.answerMilliseconds);
    this.deadline = Math.min(this.#answerBy, performance.now() + context.requestMilliseconds);
    context.deadlines.add(this);
  }

  /** Made when it is first asked for: most methods never do. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#over) this.#abort.abort();
    }
    return this.#abort.signal;
  }

  get cancellation(): Cancellation {
    return this;
  }

  expire(): void {
    this.#fail(new StatusError(Code.DEADLINE_EXCEEDED, "Deadline Exceeded"));
    this.#abort?.abort();
    this.giveUp();
  }

  data(piece: Uint8Array): void {
    if (this.#over) return;
    try {
      this.#message.push(piece);
    } catch (error) {
      this.#fail(error);
    }
  }

  end(): void {
    if (this.#over) return;
    try {
      const { bytes, compressed } = this.#message.finish();
      this.#awaitOnlyAnswer();
      if (!compressed) {
        this.#context.turns.run(this.#stream.connection, () => this.#call(bytes));
        return;
      }
      const message = decompress(this.#start.encoding, bytes, this.#context.maxReceiveMessageLength);
      if (message instanceof Promise) {
        message.then(
          (whole) => this.#call(whole),
          (error: unknown) => this.#fail(error),
        );
      } else {
        this.#context.turns.run(this.#stream.connection, () => this.#call(message));
      }
    } catch (error) {
      this.#fail(error);
    }
  }

  /** The message is there: what counts is when the answer must be. */
  #awaitOnlyAnswer(): void {
    if (this.deadline === this.#answerBy) return;
    const { deadlines } = this.#context;
    deadlines.delete(this);
    this.deadline = this.#answerBy;
    deadlines.add(this);
  }

  #call(message: Uint8Array): void {
    if (this.#over) return;
    try {
      const frame = this.#start.method(message, this);
      if (frame instanceof Promise) {
        frame.then(
          (done) => {
            this.#message.release();
            this.#reply(done);
          },
          (error: unknown) => {
            this.#message.release();
            this.#fail(error);
          },
        );
        return;
      }
      this.#message.release();
      this.#reply(frame);
    } catch (error) {
      this.#message.release();
      this.#fail(error);
    }
  }

  #reply(frame: Uint8Array): void {
    if (this.#over) return;
    const { unread } = this.#stream;
    const { maxUnreadBytes } = this.#context;
    if (unread > 0 && unread + frame.length > maxUnreadBytes) {
      this.#fail(
        resourceExhausted(`More than ${maxUnreadBytes} bytes of answers on this connection were not read`),
      );
      return;
    }
    this.#finish();
    this.#stream.respond(ANSWER_HEADERS, frame, OK);
  }

  #fail(error: unknown): void {
    const status = publicStatus(error);
    if (status !== error) this.#context.onFailure(error, String(this.headers[":path"]));
    if (this.#over) return;
    this.#finish();
    refuse(this.#stream, status);
  }

  cancel(): void {
    if (this.#over) return;
    this.#finish();
    this.#abort?.abort();
    this.giveUp();
  }

  #finish(): void {
    this.#over = true;
    this.#context.deadlines.delete(this);
  }
}
