import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { Code } from "../status/status.ts";
import { prometheusPath } from "./monitoring-config.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-monitoring-"));
after(() => rmSync(folder, { recursive: true }));

async function pathOf(text: string): Promise<string | undefined> {
  const file = join(folder, "monitoring.config");
  writeFileSync(file, text);
  return prometheusPath(file);
}

test("the page is there where it is enabled, on TensorFlow Serving's path or another", async () => {
  assert.equal(await pathOf("prometheus_config { enable: true }"), "/monitoring/prometheus/metrics");
  assert.equal(await pathOf('prometheus_config: {\n  enable: true,\n  path: "/m"\n}'), "/m");
  assert.equal(await pathOf('prometheus_config { path: "/m" }'), undefined);
  assert.equal(await pathOf(""), undefined);
  assert.equal(await prometheusPath(""), undefined);
});

test("a file that can't be taken is an error that names it", async () => {
  await assert.rejects(pathOf("prometheus { enable: true }"), {
    code: Code.INVALID_ARGUMENT,
    message: /monitoring\.config.*MonitoringConfig/,
  });
  await assert.rejects(prometheusPath(join(folder, "none")), { code: Code.NOT_FOUND });
});
