import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { BenchModel } from "./models.ts";
import type { BenchRequest } from "./requests.ts";
import { startServer } from "./server.ts";

const STARTS = 5;

/** In milliseconds, from the start of the process to the first answer. */
export interface Start {
  readonly wall: number;
  readonly cpu: number;
}

export interface ColdStart {
  /** Each of several starts. */
  readonly usual: readonly Start[];
  /** The same with nothing in the cache of compiled code, as after an installation. */
  readonly emptyCache: readonly Start[];
}

export async function measureColdStart(
  model: BenchModel,
  request: BenchRequest,
  flags: readonly string[],
): Promise<ColdStart> {
  const folder = mkdtempSync(join(tmpdir(), "servable-cache-"));
  try {
    const start = async (cache: string): Promise<Start> => {
      const server = await startServer(model, request, flags, {
        environment: { NODE_COMPILE_CACHE: join(folder, cache) },
      });
      await server.stop();
      return { wall: server.firstAnswerMilliseconds, cpu: server.startCpuMilliseconds };
    };
    const emptyCache: Start[] = [];
    for (let i = 0; i < STARTS; i++) emptyCache.push(await start(`empty-${i}`));
    const usual: Start[] = [];
    for (let i = 0; i < STARTS; i++) usual.push(await start("empty-0"));
    return { usual, emptyCache };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
