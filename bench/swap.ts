import { cpSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { InProcess } from "./in-process.ts";
import { load } from "./load.ts";
import type { BenchModel } from "./models.ts";
import { predictRequest } from "./requests.ts";
import { startServer } from "./server.ts";

const CONNECTIONS = 8;
const SWAPS = 6;
const SWAP_MILLISECONDS = 2500;

/** Requests run while a newer version comes and goes; none may fail. */
export async function measureSwap(
  model: BenchModel,
  alone: InProcess,
  flags: readonly string[],
): Promise<string[]> {
  const folder = mkdtempSync(join(tmpdir(), "servable-swap-"));
  const path = join(folder, model.name);
  // Of as many bytes in an answer as the other, whose length shows whether it is one.
  const [staged, newer] = [join(folder, "staged"), join(path, String(Number(model.version) + 1))];
  const add = (target: string) => {
    cpSync(join(model.path, model.version), staged, { recursive: true });
    renameSync(staged, target);
  };
  try {
    cpSync(join(model.path, model.version), join(path, model.version), { recursive: true });
    const rest = predictRequest(model, alone.key, alone.input, "rest")!;
    const request = predictRequest(model, alone.key, alone.input, "content")!;
    const server = await startServer({ name: model.name, path }, rest, flags);
    try {
      const one = await load(server.grpcPort, request, 1, { requests: 1 });
      const seconds = (SWAPS * SWAP_MILLISECONDS) / 1000;
      const loading = load(server.grpcPort, request, CONNECTIONS, { seconds });
      for (let i = 0; i < SWAPS; i++) {
        if (i % 2 === 0) add(newer);
        else rmSync(newer, { recursive: true });
        await wait(SWAP_MILLISECONDS);
      }
      const result = await loading;
      // What gRPC refuses has status 200 too, but no body.
      const answered = Math.floor(result.bodyBytes / one.bodyBytes);
      return [
        model.name,
        String(server.log().match(/(Successfully loaded|Done unloading) servable version/g)!.length - 1),
        String(result.requests),
        String(Math.max(result.failed, result.requests - answered)),
        result.p50.toFixed(0),
        result.p99.toFixed(0),
      ];
    } finally {
      await server.stop();
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
