import type { Transferable } from "node:worker_threads";
import { fromStatusData, type StatusData, toStatusData, unavailable } from "../status/status.ts";

/** What travels between threads: a call, its answer, or a notice that wants none. */
export type Envelope<Call, Notice> =
  | { readonly kind: "call"; readonly sequence: number; readonly call: Call }
  | { readonly kind: "answer"; readonly sequence: number; readonly value: unknown }
  | { readonly kind: "failure"; readonly sequence: number; readonly status: StatusData }
  | { readonly kind: "notice"; readonly notice: Notice };

/** One end of a channel: a `Worker`, or `parentPort` inside of one. */
export interface Port {
  postMessage(message: unknown, transferList?: readonly Transferable[]): void;
  on(event: "message", listener: (message: unknown) => void): unknown;
}

interface Pending {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/**
 * The asking end of a channel. `Calls` maps each kind of call to the type of its answer.
 */
export class Caller<Call, Notice> {
  readonly #port: Port;
  readonly #pending = new Map<number, Pending>();
  #sequence = 0;
  #closed: Error | undefined;

  /** @param onNotice gets what the other end says unasked. */
  constructor(port: Port, onNotice: (notice: Notice) => void) {
    this.#port = port;
    port.on("message", (message) => this.#receive(message as Envelope<Call, Notice>, onNotice));
  }

  /**
   * Resolves with the other end's answer; rejects with its StatusError, or when the channel is closed.
   * @param transferred what of the call is handed over.
   */
  call(call: Call, transferred?: readonly Transferable[]): Promise<unknown> {
    if (this.#closed !== undefined) return Promise.reject(this.#closed);
    const sequence = this.#sequence++;
    return new Promise((resolve, reject) => {
      this.#pending.set(sequence, { resolve, reject });
      const envelope = { kind: "call", sequence, call } satisfies Envelope<Call, Notice>;
      this.#port.postMessage(envelope, transferred);
    });
  }

  /** The other end is gone: every call that waits, and every later one, is rejected with UNAVAILABLE. */
  close(reason: string): void {
    this.#closed = unavailable(reason);
    for (const { reject } of this.#pending.values()) reject(this.#closed);
    this.#pending.clear();
  }

  #receive(envelope: Envelope<Call, Notice>, onNotice: (notice: Notice) => void): void {
    if (envelope.kind === "notice") onNotice(envelope.notice);
    if (envelope.kind === "notice" || envelope.kind === "call") return;
    const pending = this.#pending.get(envelope.sequence);
    this.#pending.delete(envelope.sequence);
    if (envelope.kind === "answer") pending?.resolve(envelope.value);
    else pending?.reject(fromStatusData(envelope.status));
  }
}

/** The answering end of a channel: hands each call to `answer` and sends back what it returns or throws. */
export function answerCalls<Call>(port: Port, answer: (call: Call) => unknown): void {
  port.on("message", (message) => {
    const envelope = message as Envelope<Call, never>;
    if (envelope.kind !== "call") return;
    const { sequence } = envelope;
    Promise.resolve(envelope.call)
      .then(answer)
      .then(
        (value) => port.postMessage({ kind: "answer", sequence, value }),
        (error: unknown) => port.postMessage({ kind: "failure", sequence, status: toStatusData(error) }),
      );
  });
}

/** Says something unasked. */
export function sendNotice<Notice>(port: Port, notice: Notice): void {
  port.postMessage({ kind: "notice", notice });
}
