import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { predictRequest } from "../bench/requests.ts";
import { startServer } from "../bench/server.ts";

const MODEL = fileURLToPath(new URL("../fixtures/models/half_plus_two", import.meta.url));

const promtool = process.env.PROMTOOL ?? "promtool";
const isThere = spawnSync(promtool, ["--version"]).status === 0;
const skip = isThere ? false : "promtool isn't there: install Debian's prometheus, or set PROMTOOL";

/** What promtool says of a page: its exit code (0 fine, 3 style, others mean that it can't be read) and its lines. */
function check(page: string): { readonly status: number | null; readonly lines: readonly string[] } {
  const { status, stdout, stderr } = spawnSync(promtool, ["check", "metrics"], {
    input: page,
    encoding: "utf8",
  });
  return { status, lines: `${stdout}${stderr}`.split("\n").filter((line) => line !== "") };
}

test("promtool takes both pages, and finds fault only with names that are TensorFlow Serving's", {
  skip,
}, async () => {
  const folder = mkdtempSync(join(tmpdir(), "servable-promtool-"));
  const file = join(folder, "monitoring.config");
  writeFileSync(file, "prometheus_config { enable: true }");
  const input = { dtype: "float32", shape: [1], data: Float32Array.of(2) } as const;
  const model = { name: "half_plus_two", path: MODEL, version: "1" };
  const request = predictRequest(model, "x", input, "rest");
  const flags = [`--monitoring_config_file=${file}`, "--metrics_path=/metrics"];
  const server = await startServer(model, request, flags);
  try {
    const get = async (path: string, init?: RequestInit) =>
      (await fetch(`http://127.0.0.1:${server.restPort}${path}`, init)).text();
    // Labels that have to be escaped, and failures.
    await get("/v1/models/a%22b%5Cc%0Ad:predict", { method: "POST", body: '{"instances": [1]}' });
    await get("/v1/models/half_plus_two:classify", { method: "POST", body: '{"examples": [{"x": 1}]}' });
    const own = await get("/metrics");
    assert.match(own, /model="a\\"b\\\\c\\nd"/);
    assert.deepEqual(check(own), { status: 0, lines: [] });
    const all = check(await get("/monitoring/prometheus/metrics"));
    assert.equal(all.status, 3);
    assert.deepEqual(
      all.lines.filter((line) => !line.startsWith(":tensorflow:")),
      [],
    );
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true });
  }
});
