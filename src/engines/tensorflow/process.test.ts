import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import type { Scenario } from "../process-contract.ts";
import { skipWithoutLibrary } from "./found-library.ts";

const SCENARIOS: readonly (readonly [Scenario, string])[] = [
  ["one-thread", "that has run a session ends well"],
  ["threads-come-and-go", "may have threads that come and go"],
  ["creator-ends-first", "may end the thread that loaded a model before another uses it"],
  ["terminated", "may terminate a worker while its runs are under way"],
  ["exit-amid-runs", "may exit while runs are under way"],
];

describe("a process", { skip: skipWithoutLibrary }, () => {
  for (const [scenario, what] of SCENARIOS) {
    it(what, () => {
      const script = join(import.meta.dirname, "process-scenarios.ts");
      const { status, signal, stdout, stderr } = spawnSync(process.execPath, [script, scenario], {
        encoding: "utf8",
        timeout: 60_000,
      });
      assert.deepEqual({ status, signal, stdout }, { status: 0, signal: null, stdout: "" }, stderr);
    });
  }
});
