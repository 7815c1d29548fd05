import type { IncomingMessage, ServerResponse } from "node:http";
import type { HttpRequest, HttpResponse } from "../protocols/unary.ts";
import { type Cancellation, CancellationSource } from "../status/cancellation.ts";

/** A request as its handler sees it, and until when an answer is waited for. */
export class PendingRequest extends CancellationSource implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpRequest["headers"];
  readonly body: Uint8Array;
  /** On the clock of `performance.now()`; Infinity for never. */
  deadline: number;
  readonly #response: ServerResponse;
  readonly #began = performance.now();
  #late: () => HttpResponse;
  #abort: AbortController | undefined;

  /**
   * @param milliseconds that an answer may take; 0 or less for as long as it takes.
   * @param late the answer after that.
   */
  constructor(
    { method = "", url = "", headers }: IncomingMessage,
    body: Uint8Array,
    response: ServerResponse,
    milliseconds: number,
    late: () => HttpResponse,
  ) {
    super();
    this.method = method;
    this.target = url;
    this.headers = headers;
    this.body = body;
    this.deadline = milliseconds > 0 ? this.#began + milliseconds : Number.POSITIVE_INFINITY;
    this.#response = response;
    this.#late = late;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.#response.once("close", () => {
        if (!this.#response.writableFinished) abort.abort();
      });
    }
    return this.#abort.signal;
  }

  get cancellation(): Cancellation {
    return this;
  }

  limit(milliseconds: number | undefined, late: () => HttpResponse): void {
    this.#late = late;
    if (milliseconds !== undefined) this.deadline = Math.min(this.deadline, this.#began + milliseconds);
  }

  /** Ends the waiting. @returns what is answered. */
  expire(): HttpResponse {
    this.#abort?.abort();
    this.giveUp();
    return this.#late();
  }
}
