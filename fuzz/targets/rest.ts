import assert from "node:assert/strict";
import { EchoLookup, echoSignature } from "../../src/protocols/rest/echo-servable.ts";
import { restHandler } from "../../src/protocols/rest/handler.ts";
import type { FuzzTarget } from "../target.ts";

/** A whole request: method, target, content encoding and body, each on a line. */
const SEEDS = [
  'POST\n/v1/models/echo:predict\n\n{"instances": [1]}',
  'POST\n/v1/models/echo/versions/1:predict\n\n{"inputs": {"x": [[1]]}}',
  'POST\n/v1/models/echo/labels/stable:classify\n\n{"examples": [{"x": 1}]}',
  "GET\n/v1/models/echo/metadata\n\n",
  "GET\n/v1/models/%65cho\n\n",
  "OPTIONS\n/v1/models/echo:predict\n\n",
  "POST\n/v1/models/echo:predict\ngzip\n\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03\xab\x56\x02\x00",
];

/** Every request is answered, and nothing of it stays behind. */
const rest: FuzzTarget = {
  name: "rest: requests",
  seeds: SEEDS.map((text) => Buffer.from(text, "latin1")),
  async run(input) {
    const lookup = new EchoLookup({ serving_default: echoSignature({ x: "float32" }) });
    const [method = "", target = "", encoding = "", ...rest] = Buffer.from(input)
      .toString("latin1")
      .split("\n");
    const headers = encoding === "" ? {} : { "content-encoding": encoding };
    const body = Buffer.from(rest.join("\n"), "latin1");
    const reply = await restHandler(lookup)({ method, target, headers, body });
    assert.ok(reply.status >= 200 && reply.status < 600, `status ${reply.status}`);
    assert.equal(reply.status === 500, false, String(reply.body));
    assert.deepEqual([lookup.open, lookup.undisposed], [0, 0]);
  },
};

export const restTargets: readonly FuzzTarget[] = [rest];
