import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";

/** A page of metrics on the REST port. */
export interface MetricsPage {
  /** Matched exactly, by any method. */
  readonly path: string;
  /** All metrics, or only those that aren't TensorFlow Serving's. */
  readonly metrics: "all" | "servable";
}

/** Answers requests for pages of metrics, and leaves all others to `handler`. */
export function withMetricsPages(
  pages: readonly MetricsPage[],
  render: (metrics: MetricsPage["metrics"]) => Promise<string>,
  handler: HttpHandler,
): HttpHandler {
  if (pages.length === 0) return handler;
  const byPath = new Map(pages.toReversed().map((page) => [page.path, page]));
  return (request) => {
    const page = byPath.get(withoutQuery(request));
    if (page === undefined) return handler(request);
    return page.path === request.target
      ? render(page.metrics).then(pageReply)
      : unexpectedPath(request, page);
  };
}

function withoutQuery({ target }: HttpRequest): string {
  const end = target.indexOf("?");
  return end < 0 ? target : target.slice(0, end);
}

/** Prometheus reads a page without a version as that of 0.0.4, which it is. */
const HEADERS = { "content-type": "text/plain" } as const;

function pageReply(body: string): HttpResponse {
  return { status: 200, headers: HEADERS, body };
}

/** TensorFlow Serving's http_server.cc. */
function unexpectedPath({ target }: HttpRequest, { path }: MetricsPage): HttpResponse {
  return { status: 400, headers: HEADERS, body: `Unexpected path: ${target}. Should be ${path}` };
}
