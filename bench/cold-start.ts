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
  /** The same of a model that was not imported before. */
  readonly importing: readonly Start[];
  /** The same with nothing in the cache of compiled code either, as after an installation. */
  readonly emptyCache: readonly Start[];
}

export async function measureColdStart(
  model: BenchModel,
  request: BenchRequest,
  flags: readonly string[],
): Promise<ColdStart> {
  const folder = mkdtempSync(join(tmpdir(), "servable-cache-"));
  try {
    const start = async (code: string, imports: string): Promise<Start> => {
      const server = await startServer(model, request, flags, {
        environment: { NODE_COMPILE_CACHE: join(folder, code), SERVABLE_CACHE_DIR: join(folder, imports) },
      });
      await server.stop();
      return { wall: server.firstAnswerMilliseconds, cpu: server.startCpuMilliseconds };
    };
    const emptyCache: Start[] = [];
    for (let i = 0; i < STARTS; i++) emptyCache.push(await start(`code-${i}`, `empty-${i}`));
    // By turns, so that what else the machine does falls on both.
    const usual: Start[] = [];
    const importing: Start[] = [];
    for (let i = 0; i < STARTS; i++) {
      usual.push(await start("code-0", "empty-0"));
      importing.push(await start("code-0", `new-${i}`));
    }
    return { usual, importing, emptyCache };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
