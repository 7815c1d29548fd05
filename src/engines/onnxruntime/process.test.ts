import assert from "node:assert/strict";
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import type { Scenario } from "../process-contract.ts";

function run(scenario: string, home: string): SpawnSyncReturns<string> {
  // ORT_DISABLE_TELEMETRY and CI would keep ONNX Runtime from reporting, whatever we do.
  const { ORT_DISABLE_TELEMETRY: _, CI: __, ...env } = process.env;
  const script = join(import.meta.dirname, "process-scenarios.ts");
  return spawnSync(process.execPath, [script, scenario], {
    env: { ...env, HOME: home, XDG_CACHE_HOME: home },
    encoding: "utf8",
    timeout: 60_000,
  });
}

const SCENARIOS: readonly (readonly [Scenario, string])[] = [
  ["one-thread", "a process that has run a session ends well"],
  ["threads-come-and-go", "threads may come and go"],
  ["creator-ends-first", "a session outlives the thread that created it"],
  ["terminated", "a worker may be terminated while its runs are under way"],
  ["exit-amid-runs", "a process may exit while runs are under way"],
];

for (const [scenario, what] of SCENARIOS) {
  test(`${what}; nothing is printed, nothing reported`, () => {
    const home = mkdtempSync(join(tmpdir(), "servable-engine-"));
    try {
      const { status, signal, stdout, stderr } = run(scenario, home);
      assert.deepEqual(
        { status, signal, stdout, stderr },
        { status: 0, signal: null, stdout: "", stderr: "" },
      );
      // Where ONNX Runtime would keep its device id and the reports that wait to be sent.
      assert.deepEqual(readdirSync(home), []);
    } finally {
      rmSync(home, { recursive: true });
    }
  });
}
