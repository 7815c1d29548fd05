import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { InProcess } from "./in-process.ts";
import { load } from "./load.ts";
import type { BenchModel } from "./models.ts";
import { predictRequest } from "./requests.ts";
import { startServer } from "./server.ts";
import { formatTable } from "./table.ts";

const CONNECTIONS = 8;
const SWAPS = 6;
const SWAP_MILLISECONDS = 2500;
const OTHER = "other";

const HEADER = [
  "under load, 8 connections",
  "versions that come and go",
  "loads and unloads",
  "requests",
  "failed",
  "p50 us",
  "p99 us",
  "p99 / at rest",
];

/** Requests run at rest, while newer versions of their model come and go, and while those of another do; none may fail. */
export async function measureSwap(
  model: BenchModel,
  alone: InProcess,
  flags: readonly string[],
): Promise<string[][]> {
  const folder = mkdtempSync(join(tmpdir(), "servable-swap-"));
  const versionOf = (name: string, version: number) => join(folder, name, String(version));
  const first = Number(model.version);
  const add = (target: string) => {
    const staged = join(folder, "staged");
    cpSync(join(model.path, model.version), staged, { recursive: true });
    renameSync(staged, target);
  };
  for (const name of [model.name, OTHER]) {
    cpSync(join(model.path, model.version), versionOf(name, first), { recursive: true });
  }
  const configs = [model.name, OTHER].map(
    (name) => `config { name: "${name}" base_path: "${join(folder, name)}" model_platform: "tensorflow" }`,
  );
  const configFile = join(folder, "models.config");
  writeFileSync(configFile, `model_config_list { ${configs.join(" ")} }`);
  try {
    const rest = predictRequest(model, alone.key, alone.input, "rest")!;
    const request = predictRequest(model, alone.key, alone.input, "content")!;
    const server = await startServer({ name: model.name, configFile }, rest, flags);
    try {
      // Of as many bytes in an answer as any other, whose length shows whether it is one.
      const one = await load(server.grpcPort, request, 1, { requests: 1 });
      const loads = () =>
        server.log().match(/(Successfully loaded|Done unloading) servable version/g)!.length;
      const rows: string[][] = [];
      let rested = 0;
      for (const swapped of [undefined, model.name, OTHER]) {
        const before = loads();
        const loading = load(server.grpcPort, request, CONNECTIONS, {
          seconds: (SWAPS * SWAP_MILLISECONDS) / 1000,
        });
        for (let i = 0; i < SWAPS; i++) {
          if (swapped !== undefined) {
            const newer = versionOf(swapped, first + 1);
            if (i % 2 === 0) add(newer);
            else rmSync(newer, { recursive: true });
          }
          await wait(SWAP_MILLISECONDS);
        }
        const result = await loading;
        rested ||= result.p99;
        // What gRPC refuses has status 200 too, but no body.
        const answered = Math.floor(result.bodyBytes / one.bodyBytes);
        rows.push([
          model.name,
          swapped === undefined ? "none" : swapped === OTHER ? "another model's" : "its own",
          String(loads() - before),
          String(result.requests),
          String(Math.max(result.failed, result.requests - answered)),
          result.p50.toFixed(0),
          result.p99.toFixed(0),
          (result.p99 / rested).toFixed(2),
        ]);
      }
      return rows;
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function formatSwaps(rows: readonly (readonly string[])[]): string {
  return formatTable(HEADER, rows);
}
