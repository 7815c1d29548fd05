import assert from "node:assert/strict";
import { it } from "node:test";
import { ModelState } from "../../lifecycle/servable.ts";
import { ServableMap } from "../../lifecycle/servable-map.ts";
import { Code } from "../../status/status.ts";
import { restHandler } from "./handler.ts";

const OK = { code: Code.OK, message: "" };

async function probe(lookup: ServableMap, target: string, isDraining = false) {
  const handle = restHandler(lookup, undefined, () => isDraining);
  const { status, body } = await handle({ method: "GET", target, headers: {}, body: new Uint8Array() });
  return [status, JSON.parse(body as string)] as const;
}

it("is alive as long as it answers", async () => {
  const lookup = new ServableMap();
  lookup.setNames(["a"]);
  assert.deepEqual(await probe(lookup, "/healthz"), [200, { status: "ok" }]);
  assert.deepEqual(await probe(lookup, "/healthz", true), [200, { status: "ok" }]);
});

it("is ready when every configured model has an available version", async () => {
  const lookup = new ServableMap();
  lookup.setNames(["a", "b"]);
  lookup.setStatus("a", { version: 1n, state: ModelState.AVAILABLE, status: OK });
  lookup.setStatus("forgotten", { version: 1n, state: ModelState.END, status: OK });
  assert.deepEqual(await probe(lookup, "/readyz"), [
    503,
    { status: "not ready", models_not_ready: [{ name: "b", versions: [] }] },
  ]);
  const broken = { code: Code.DATA_LOSS, message: "cut off" };
  lookup.setStatus("b", { version: 2n, state: ModelState.END, status: broken });
  lookup.setStatus("b", { version: 1n, state: ModelState.LOADING, status: OK });
  assert.deepEqual(await probe(lookup, "/readyz"), [
    503,
    {
      status: "not ready",
      models_not_ready: [
        {
          name: "b",
          versions: [
            { version: "2", state: "END", status: "DATA_LOSS: cut off" },
            { version: "1", state: "LOADING", status: "OK" },
          ],
        },
      ],
    },
  ]);
  lookup.setStatus("b", { version: 1n, state: ModelState.AVAILABLE, status: OK });
  assert.deepEqual(await probe(lookup, "/readyz"), [200, { status: "ready" }]);
  assert.deepEqual(await probe(lookup, "/readyz?x"), [200, { status: "ready" }]);
});

it("is not ready while it drains", async () => {
  assert.deepEqual(await probe(new ServableMap(), "/readyz", true), [
    503,
    { status: "draining", models_not_ready: [] },
  ]);
});
