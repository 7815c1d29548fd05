import assert from "node:assert/strict";
import { it } from "node:test";
import { limitsOf } from "./config/limits.ts";
import { parseFlags } from "./flags/parse-flags.ts";
import { DEFAULT_LISTENER_LIMITS } from "./listeners/listener-limits.ts";
import { DEFAULT_REQUEST_LIMITS } from "./protocols/request-limits.ts";
import { MAX_BODY_BYTES } from "./protocols/rest/handler.ts";

const of = (...args: readonly string[]) => limitsOf(parseFlags(args).flags, 1);

it("are without flags what the parts take by default", () => {
  assert.deepEqual(of(), {
    listener: DEFAULT_LISTENER_LIMITS,
    request: DEFAULT_REQUEST_LIMITS,
    maxBodyBytes: MAX_BODY_BYTES,
  });
});

it("are what the flags say; the workers share the connections", () => {
  const { flags } = parseFlags([
    "--max_connections=10",
    "--header_timeout_seconds=5",
    "--max_request_items=7",
  ]);
  const limits = limitsOf(flags, 3);
  assert.equal(limits.listener.maxConnections, 4);
  assert.equal(limits.listener.headerMilliseconds, 5000);
  assert.equal(limits.request.items, 7);
});
