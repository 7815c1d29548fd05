import type { HttpRequest, HttpResponse } from "../../protocols/unary.ts";
import { type Cancellation, CancellationSource } from "../../status/cancellation.ts";
import type { RequestHead } from "./request-head.ts";

/** A request as its handler sees it, and until when an answer is waited for. */
export class PendingRequest extends CancellationSource implements HttpRequest {
  readonly method: string;
  readonly target: string;
  readonly headers: HttpRequest["headers"];
  readonly body: Uint8Array;
  /** On the clock of `performance.now()`; Infinity for never. */
  deadline: number;
  readonly #began = performance.now();
  #late: () => HttpResponse;
  #abort: AbortController | undefined;

  /**
   * @param milliseconds that an answer may take; 0 or less for as long as it takes.
   * @param late the answer after that.
   */
  constructor(
    { method, target, headers }: RequestHead,
    body: Uint8Array,
    milliseconds: number,
    late: () => HttpResponse,
  ) {
    super();
    this.method = method;
    this.target = target;
    this.headers = headers;
    this.body = body;
    this.deadline = milliseconds > 0 ? this.#began + milliseconds : Number.POSITIVE_INFINITY;
    this.#late = late;
  }

  /** Made when it is first asked for: most handlers never do. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      const abort = new AbortController();
      this.#abort = abort;
      this.onCancel({ cancel: () => abort.abort() });
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
    this.giveUp();
    return this.#late();
  }
}
