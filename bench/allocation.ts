import { load } from "./load.ts";
import type { BenchModel } from "./models.ts";
import type { BenchRequest } from "./requests.ts";
import { startServer } from "./server.ts";

const CONNECTIONS = 8;
const WARM_UP_SECONDS = 1;
const SECONDS = 3;

/**
 * Bytes on V8's heaps that a request takes, in all threads; undefined if too few were sent for a collection to be needed.
 * Memory outside of the heaps, of large buffers say, isn't counted.
 */
export async function traceAllocation(
  model: BenchModel,
  request: BenchRequest,
  flags: readonly string[],
): Promise<number | undefined> {
  const server = await startServer(model, request.isGrpc ? undefined : request, flags, {
    tracesCollections: true,
  });
  try {
    const port = request.isGrpc ? server.grpcPort : server.restPort;
    await load(port, request, CONNECTIONS, { seconds: WARM_UP_SECONDS });
    const before = allocatedBytes(server.log());
    const { requests } = await load(port, request, CONNECTIONS, { seconds: SECONDS });
    const bytes = allocatedBytes(server.log()) - before;
    return bytes > 0 ? bytes / requests : undefined;
  } finally {
    await server.stop();
  }
}

/** `[47:0x7f8] 123 ms: Scavenge 12.3 (20.0) -> 10.1 (21.0) MB, ...`: a collection on the heap of a thread. */
const COLLECTION = /^\[\d+:(0x[0-9a-f]+)[^\]]*\].*? ([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/gm;

/** What all heaps together grew by between their collections, by what node --trace-gc wrote. */
export function allocatedBytes(trace: string): number {
  const left = new Map<string, number>();
  let total = 0;
  for (const [, heap, before, after] of trace.matchAll(COLLECTION)) {
    const last = left.get(heap!);
    if (last !== undefined) total += Math.max(0, Number(before) - last);
    left.set(heap!, Number(after));
  }
  return total * 2 ** 20;
}
