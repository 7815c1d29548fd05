import { isIP } from "node:net";
import { Code, StatusError } from "../../status/status.ts";
import type { UnaryCall, UnaryMethod, UnaryMethods } from "../unary.ts";

/** What changes the server or looks into it, and is no business of a web page. */
const MANAGEMENT =
  /^\/tensorflow\.serving\.ModelService\/HandleReloadConfigRequest$|^\/tensorflow\.ProfilerService\//;

/** Browsers put one of these into each request that a page makes, and pages can't keep them from it (Fetch, Fetch Metadata). */
const BROWSER_HEADERS = ["origin", "sec-fetch-site", "sec-fetch-mode", "sec-fetch-dest"] as const;

/**
 * Names below these, and those without a dot, can't be had in public: no one's page can come from there (RFC 6761, 6762,
 * 8375; Kubernetes and Docker name services so).
 */
const PRIVATE_SUFFIX =
  /\.(localhost|local|internal|intranet|lan|private|svc|cluster\.local|home\.arpa|test)$/;

/**
 * The methods, of which those that manage the server refuse calls from web pages: also from one whose name is made to
 * point to this server (DNS rebinding), so that the browser takes it for the page's own.
 * @param allowedHosts names by which clients may call them besides those that are never public; lower case.
 */
export function guardManagement(
  methods: UnaryMethods,
  allowedHosts: ReadonlySet<string>,
): Map<string, UnaryMethod> {
  return new Map(
    [...methods].map(([path, method]): [string, UnaryMethod] => [
      path,
      MANAGEMENT.test(path)
        ? (message, call) => {
            requireTrusted(call.headers, allowedHosts);
            return method(message, call);
          }
        : method,
    ]),
  );
}

/** @throws StatusError PERMISSION_DENIED unless a call with these headers may manage the server. */
export function requireTrusted(headers: UnaryCall["headers"], allowedHosts: ReadonlySet<string>): void {
  const fromBrowser = BROWSER_HEADERS.find((name) => headers[name] !== undefined);
  if (fromBrowser !== undefined) {
    throw new StatusError(
      Code.PERMISSION_DENIED,
      `Web pages can't manage the server; got the header ${fromBrowser}`,
    );
  }
  for (const name of [":authority", "host"] as const) {
    const authority = headers[name];
    if (authority === undefined || isTrusted(String(authority), allowedHosts)) continue;
    throw new StatusError(
      Code.PERMISSION_DENIED,
      `The server isn't managed under the name ${authority}: see --allowed_hosts`,
    );
  }
}

function isTrusted(authority: string, allowedHosts: ReadonlySet<string>): boolean {
  const match = /^(?:\[([^\]]*)\]|([^:@/]*))(?::\d*)?$/.exec(authority);
  if (match === null) return false;
  const [, ipv6, name = ""] = match;
  if (ipv6 !== undefined) return isIP(ipv6) === 6;
  const host = name.toLowerCase().replace(/\.$/, "");
  return isIP(host) !== 0 || !host.includes(".") || PRIVATE_SUFFIX.test(host) || allowedHosts.has(host);
}

/** The value of --allowed_hosts. */
export function parseHosts(flag: string): ReadonlySet<string> {
  return new Set(
    flag
      .split(",")
      .map((host) => host.trim().toLowerCase())
      .filter((host) => host !== ""),
  );
}
