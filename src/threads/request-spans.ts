import type { Span } from "../profiling/thread-profile.ts";
import type { SpanSource } from "../profiling/watch-thread.ts";
import type { HttpHandler, UnaryMethod } from "../protocols/unary.ts";

/** Times the requests of a thread while someone wants to know; methods that nobody watches run as they are. */
export class RequestSpans implements SpanSource {
  readonly #methods: Map<string, UnaryMethod>;
  #report: ((span: Span) => void) | undefined;

  /** @param methods those that the thread's listeners serve: they are replaced while they are watched. */
  constructor(methods: Map<string, UnaryMethod>) {
    this.#methods = methods;
  }

  record(report: (span: Span) => void): () => void {
    const plain = [...this.#methods];
    for (const [path, method] of plain) {
      this.#methods.set(path, (message, call) => timed(path, report, () => method(message, call)));
    }
    this.#report = report;
    return () => {
      for (const [path, method] of plain) this.#methods.set(path, method);
      this.#report = undefined;
    };
  }

  handler(handler: HttpHandler): HttpHandler {
    return (request) => {
      const report = this.#report;
      if (report === undefined) return handler(request);
      return timed(`${request.method} ${request.target}`, report, () => handler(request));
    };
  }
}

function timed<T>(name: string, report: (span: Span) => void, work: () => T | Promise<T>): T | Promise<T> {
  const start = performance.timeOrigin + performance.now();
  const done = () => report({ name, start, end: performance.timeOrigin + performance.now() });
  let result: T | Promise<T>;
  try {
    result = work();
  } catch (error) {
    done();
    throw error;
  }
  if (result instanceof Promise) return result.finally(done);
  done();
  return result;
}
