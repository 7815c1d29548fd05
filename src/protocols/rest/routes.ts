import type { ServableRequest } from "../../lifecycle/servable.ts";

/**
 * Which resource a request means, by TensorFlow Serving's rules: the target is matched as it was sent, query string
 * included, not normalised, regardless of case; but what it names counts only in lower case.
 */
export type Route =
  | {
      readonly kind: "predict" | "classify" | "regress" | "metadata" | "status";
      readonly model: ServableRequest;
    }
  /** Beyond TensorFlow Serving: all models, and probes. */
  | { readonly kind: "list" | "health" | "readiness" }
  /** Under /v1/, but nothing that is served. */
  | { readonly kind: "malformed" }
  | { readonly kind: "preflight" }
  /** A status or metadata request without a name. */
  | { readonly kind: "nameless" }
  /** A version that is no int64. */
  | { readonly kind: "bad-version" }
  | { readonly kind: "not-found" }
  | { readonly kind: "bad-target" };

const PREDICTION =
  /^\/v1\/models\/([^/:]+)(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?:(classify|regress|predict)$/i;
const MODEL =
  /^\/v1\/models(?:\/([^/:]+))?(?:(?:\/versions\/(\d+))|(?:\/labels\/([^/:]+)))?(?:\/(metadata))?$/i;
const LIST = /^\/v1\/models$/i;
const PROBE = /^\/(healthz|readyz)(?:\?|$)/;
const API = /^\/v1\//i;
/** RFC 3986: a path, a query, a fragment. */
const TARGET =
  /^(?:[\w\-.~!$&'()*+,;=:@/]|%[0-9a-f]{2})*(?:\?(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*)?(?:#(?:[\w\-.~!$&'()*+,;=:@/?]|%[0-9a-f]{2})*)?$/i;
const ORIGIN = /^[a-z][a-z0-9+.-]*:\/\/[^/?#]*/i;
const INT64_MAX = 2n ** 63n - 1n;

/** Whether a target is one of the API, served or not; what isn't is none of TensorFlow Serving's business. */
export function isApiTarget(target: string): boolean {
  const path = pathOf(target);
  return TARGET.test(path) && API.test(path);
}

function pathOf(target: string): string {
  return target.startsWith("/") ? target : target.replace(ORIGIN, "");
}

/** Targets of which the route is kept, and how long they may be. */
const [MOST_KEPT, LONGEST_KEPT] = [1000, 256];
/** By the targets of POST requests, which are the same few again and again: matching takes a tenth of a small one's CPU time. */
const kept = new Map<string, Route>();

/** `target`: as sent; an absolute URL is taken too. */
export function findRoute(method: string, target: string): Route {
  if (method !== "POST" || target.length > LONGEST_KEPT) return match(method, target);
  let route = kept.get(target);
  if (route === undefined) {
    route = match(method, target);
    if (kept.size === MOST_KEPT) kept.clear();
    kept.set(target, route);
  }
  return route;
}

function match(method: string, target: string): Route {
  const path = pathOf(target);
  if (!TARGET.test(path)) return { kind: "bad-target" };
  if (!API.test(path)) return { kind: findProbe(method, path) };
  if (method === "OPTIONS") return { kind: "preflight" };
  const found = method === "POST" ? PREDICTION.exec(path) : method === "GET" ? MODEL.exec(path) : null;
  if (found === null) return { kind: "malformed" };
  const [, name, version, label, word] = found;
  const model = modelOf(name ?? "", version, label);
  if (model === undefined) return { kind: "bad-version" };
  if (method === "GET") {
    if (model.name === "") return { kind: LIST.test(path) ? "list" : "nameless" };
    return { kind: word === "metadata" ? "metadata" : "status", model };
  }
  if (word === "predict" || word === "classify" || word === "regress") return { kind: word, model };
  return { kind: "malformed" };
}

function findProbe(method: string, path: string): "health" | "readiness" | "not-found" {
  const match = method === "GET" || method === "HEAD" ? PROBE.exec(path) : null;
  if (match === null) return "not-found";
  return match[1] === "healthz" ? "health" : "readiness";
}

function modelOf(
  name: string,
  version: string | undefined,
  label: string | undefined,
): ServableRequest | undefined {
  const model: { name: string; version?: bigint; label?: string } = { name: percentDecode(name) };
  if (version !== undefined) {
    const number = BigInt(version);
    if (number > INT64_MAX) return undefined;
    model.version = number;
  }
  if (label !== undefined) model.label = percentDecode(label);
  return model;
}

/** The bytes that `%XX` stand for, as UTF-8. */
function percentDecode(text: string): string {
  if (!text.includes("%")) return text;
  const bytes = text.replace(/%([0-9a-f]{2})/gi, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return Buffer.from(bytes, "latin1").toString();
}
