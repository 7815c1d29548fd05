import { traceAllocation } from "./allocation.ts";
import type { InProcess } from "./in-process.ts";
import { type LoadResult, load } from "./load.ts";
import type { BenchModel } from "./models.ts";
import { cpuMicroseconds } from "./process-cpu.ts";
import { type BenchRequest, predictRequest } from "./requests.ts";
import type { LoadRow } from "./results.ts";
import type { RequestForm, Selection } from "./selection.ts";
import { type Server, startServer } from "./server.ts";

const WARM_UP_SECONDS = 2;
const ROUNDS = 3;
const ROUND_SECONDS = 1;
/** The rate of requests that come whether others were answered, as a share of what 8 connections got answered. */
const OPEN_SHARE = 0.5;
const OPEN_CONNECTIONS = 32;
const OPEN_SECONDS = 4;

export const FORM_NAMES: Readonly<Record<RequestForm, string>> = {
  typed: "gRPC typed",
  content: "gRPC content",
  rest: "REST row",
  b64: "REST b64 image",
  protobuf: "HTTP protobuf",
};

/** Serves a model and loads it with requests of all chosen forms and numbers of connections. */
export async function measureModel(
  model: BenchModel,
  alone: InProcess,
  chosen: Selection,
): Promise<LoadRow[]> {
  const rows: LoadRow[] = [];
  const first = predictRequest(model, alone.key, alone.input, "rest")!;
  const server = await startServer(model, first, chosen.serverFlags, { profiles: chosen.profiles });
  try {
    for (const form of chosen.forms) {
      const request = predictRequest(model, alone.key, alone.input, form);
      if (request === undefined) continue;
      if (chosen.parts.includes("load")) {
        for (const connections of chosen.connections) {
          rows.push(await measureClosed(server, model, alone, form, request, connections));
        }
      }
      if (chosen.parts.includes("open")) rows.push(await measureOpen(server, model, alone, form, request));
    }
  } finally {
    await server.stop();
  }
  return withAllocation(rows, model, alone, chosen);
}

async function measureClosed(
  server: Server,
  model: BenchModel,
  alone: InProcess,
  form: RequestForm,
  request: BenchRequest,
  connections: number,
): Promise<LoadRow> {
  const port = request.isGrpc ? server.grpcPort : server.restPort;
  const warm = await load(port, request, connections, { seconds: WARM_UP_SECONDS });
  // A count, so that no request is under way when the time is up: its cost would be counted, but not itself.
  const requests = Math.ceil((warm.perSecond * ROUND_SECONDS) / connections) * connections;
  const rounds: LoadRow[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = cpuMicroseconds(server.pid);
    const result = await load(port, request, connections, { requests });
    const cpu = (cpuMicroseconds(server.pid) - before) / requests;
    rounds.push(rowOf(model, alone, form, String(connections), result, cpu));
  }
  // The cheapest, as for the model alone: other processes can only add to it.
  return rounds.reduce((a, b) => (b.cpu < a.cpu ? b : a));
}

async function measureOpen(
  server: Server,
  model: BenchModel,
  alone: InProcess,
  form: RequestForm,
  request: BenchRequest,
): Promise<LoadRow> {
  const port = request.isGrpc ? server.grpcPort : server.restPort;
  const closed = await load(port, request, 8, { seconds: WARM_UP_SECONDS });
  const rate = Math.max(1, Math.round(closed.perSecond * OPEN_SHARE));
  const before = cpuMicroseconds(server.pid);
  const result = await load(port, request, Math.min(OPEN_CONNECTIONS, rate), { seconds: OPEN_SECONDS, rate });
  const cpu = (cpuMicroseconds(server.pid) - before) / result.requests;
  return rowOf(model, alone, form, `${rate}/s`, result, cpu);
}

/** @throws Error if a request failed: one that is refused is cheap. */
function rowOf(
  model: BenchModel,
  alone: InProcess,
  form: RequestForm,
  load: string,
  result: LoadResult,
  cpu: number,
): LoadRow {
  // What gRPC refuses has status 200 too, but no body.
  if (result.failed > 0 || result.bodyBytes === 0) {
    throw new Error(`${model.name}: ${result.failed} of ${result.requests} requests failed`);
  }
  const { perSecond, p50, p99, p999 } = result;
  return {
    model: model.name,
    request: FORM_NAMES[form],
    load,
    perSecond,
    p50,
    p99,
    p999,
    cpu,
    inProcess: alone.microseconds,
  };
}

/** Adds what a request allocates, which is measured apart: telling of each collection costs time. */
async function withAllocation(
  rows: readonly LoadRow[],
  model: BenchModel,
  alone: InProcess,
  chosen: Selection,
): Promise<LoadRow[]> {
  const allocated = new Map<string, number | undefined>();
  for (const form of chosen.forms) {
    const request = predictRequest(model, alone.key, alone.input, form);
    if (request !== undefined) {
      allocated.set(FORM_NAMES[form], await traceAllocation(model, request, chosen.serverFlags));
    }
  }
  return rows.map((row) => ({ ...row, allocated: allocated.get(row.request) }));
}
