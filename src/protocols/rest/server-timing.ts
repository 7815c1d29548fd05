import type { RunResult } from "../../engines/engine.ts";
import type { ServableHandle, ServableLookup, ServableRequest } from "../../lifecycle/servable.ts";
import type { HttpHandler, HttpResponse } from "../unary.ts";

type Phase = "parse" | "run" | "encode";

/**
 * Where the time of a request goes, seen from what it does with its version: until the run it is parsed, after the run
 * its answer is encoded.
 */
class RequestTiming {
  readonly #spent: Record<Phase, number> = { parse: 0, run: 0, encode: 0 };
  #queued = 0;
  #phase: Phase = "parse";
  #since = performance.now();

  enter(phase: Phase): void {
    const now = performance.now();
    this.#spent[this.#phase] += now - this.#since;
    this.#since = now;
    this.#phase = phase;
  }

  /** Told that so many milliseconds of the run were waiting. */
  queued(milliseconds: number): void {
    this.#queued += milliseconds;
  }

  /** The value of a Server-Timing header, in milliseconds (https://www.w3.org/TR/server-timing/). */
  finish(): string {
    this.enter(this.#phase);
    const { parse, run, encode } = this.#spent;
    const phases = { parse, queue: this.#queued, run: Math.max(0, run - this.#queued), encode };
    return Object.entries(phases)
      .map(([name, milliseconds]) => `${name};dur=${milliseconds.toFixed(3)}`)
      .join(", ");
  }
}

/** What one request finds; each run is told to the timing. */
class TimedLookup implements ServableLookup {
  readonly #lookup: ServableLookup;
  readonly #timing: RequestTiming;

  constructor(lookup: ServableLookup, timing: RequestTiming) {
    this.#lookup = lookup;
    this.#timing = timing;
  }

  acquire(request: ServableRequest): ServableHandle {
    const handle = this.#lookup.acquire(request);
    return {
      id: handle.id,
      signatures: handle.signatures,
      run: (signature, inputs, outputs) => {
        this.#timing.enter("run");
        const result = handle.run(signature, inputs, outputs);
        return result instanceof Promise ? result.then((later) => this.#ran(later)) : this.#ran(result);
      },
      signatureDefMap: () => handle.signatureDefMap(),
      release: () => handle.release(),
    };
  }

  status(name: string) {
    return this.#lookup.status(name);
  }

  names() {
    return this.#lookup.names();
  }

  #ran(result: RunResult): RunResult {
    this.#timing.queued(result.queuedMilliseconds ?? 0);
    this.#timing.enter("encode");
    return result;
  }
}

/**
 * Tells in a Server-Timing header of each reply where its time went. Every request gets a handler of its own, which
 * keeps the clock out of all that others run.
 * @param build makes a handler of a lookup; cheap.
 */
export function withServerTiming(
  lookup: ServableLookup,
  build: (lookup: ServableLookup) => HttpHandler,
): HttpHandler {
  return (request) => {
    const timing = new RequestTiming();
    const reply = build(new TimedLookup(lookup, timing))(request);
    return reply instanceof Promise ? reply.then((later) => told(later, timing)) : told(reply, timing);
  };
}

function told(reply: HttpResponse, timing: RequestTiming): HttpResponse {
  return { ...reply, headers: { ...reply.headers, "server-timing": timing.finish() } };
}
