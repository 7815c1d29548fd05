import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { allocatedBytes } from "./allocation.ts";
import { measureInProcess } from "./in-process.ts";
import { measureModel } from "./measure-load.ts";
import { findModels } from "./models.ts";
import { compareResults, type LoadRow } from "./results.ts";
import { select } from "./selection.ts";

const skip =
  spawnSync("h2load", ["--version"]).error === undefined ? false : "needs h2load (Debian's nghttp2-client)";

/**
 * What a request may cost of CPU time, as a multiple of the model's run alone in the same minute, and on V8's heaps. On a quiet
 * machine gRPC takes 5 times the run, and REST 9 times; what other processes take of the caches is more on a busy one.
 */
const LIMITS: Readonly<Record<string, { readonly ratio: number; readonly bytes: number }>> = {
  "gRPC content": { ratio: 40, bytes: 14_000 },
  "REST row": { ratio: 60, bytes: 24_000 },
};

test("a request of the smallest model costs no more than it may", { skip }, async () => {
  const [model] = findModels(["half_plus_two"]);
  const alone = await measureInProcess(model!);
  const rows = await measureModel(model!, alone, select(["content", "rest", "8", "load"], []));
  assert.deepEqual(
    rows.map(({ request }) => request),
    Object.keys(LIMITS),
  );
  for (const { request, cpu, inProcess, allocated } of rows) {
    const { ratio, bytes } = LIMITS[request]!;
    assert.ok(
      cpu / inProcess < ratio,
      `${request}: ${cpu} us, ${(cpu / inProcess).toFixed(1)} times the run`,
    );
    assert.ok(allocated! > 0 && allocated! < bytes, `${request} allocates ${allocated} bytes`);
  }
});

test("allocation is what heaps grew by between collections", () => {
  const trace = [
    "[47:0x1] 10 ms: Scavenge 10.0 (20.0) -> 4.0 (21.0) MB, pooled: 0 MB, 1.2 / 0.0 ms",
    "a line of the server's own",
    "[47:0x2] 11 ms: Scavenge 5.0 (20.0) -> 1.0 (21.0) MB, pooled: 0 MB, 1.2 / 0.0 ms",
    "[47:0x1] 20 ms: Mark-Compact (reduce) 9.5 (21.0) -> 3.0 (21.0) MB, pooled: 0 MB, 3.4 / 0.0 ms",
    "[47:0x2] 30 ms: Scavenge 3.0 (20.0) -> 1.0 (21.0) MB, pooled: 0 MB, 1.2 / 0.0 ms",
  ].join("\n");
  assert.equal(allocatedBytes(trace), 7.5 * 2 ** 20);
});

test("two runs are compared row by row", () => {
  const row: LoadRow = {
    model: "m",
    request: "REST row",
    load: "8",
    perSecond: 100,
    p50: 10,
    p99: 20,
    p999: 30,
    cpu: 50,
    inProcess: 5,
  };
  const results = (load: readonly LoadRow[]) => ({
    version: "",
    node: "",
    machine: "",
    when: "",
    arguments: [],
    load,
  });
  const table = compareResults(
    results([row, { ...row, load: "50/s", allocated: 10 }, { ...row, model: "gone" }]),
    results([
      { ...row, perSecond: 150, cpu: 25 },
      { ...row, load: "75/s", allocated: 20 },
    ]),
  );
  const cells = table.split("\n").map((line) => line.split(/\s+/).join(" "));
  assert.ok(cells[1]!.endsWith("1.50 1.00 1.00 1.00 0.50 1.00 "), table);
  assert.ok(cells[2]!.endsWith("1.00 1.00 1.00 1.00 1.00 1.00 2.00"), table);
  assert.equal(cells.length, 4);
});
