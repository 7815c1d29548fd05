/**
 * What serving costs beside the model itself: `npm run bench`, or a part of it: `npm run bench -- mlp grpc 8`.
 * The words to choose with are those of selection.ts; what begins with -- is passed on to the server.
 *
 * `npm run bench -- import [FOLDER] [NAME-PREFIX ...] [--python=PATH] [--markdown=FILE] [--rounds=N]` compares imported
 * models with tf2onnx's and with TensorFlow; `npm run bench -- examples` measures the parsing of tf.Examples.
 */
import { measureColdStart } from "./cold-start.ts";
import { type InProcess, measureInProcess } from "./in-process.ts";
import { type LoadResult, load } from "./load.ts";
import { type BenchModel, findModels, MODELS } from "./models.ts";
import { cpuMicroseconds } from "./process-cpu.ts";
import { predictRequest } from "./requests.ts";
import { type RequestForm, type Selection, select } from "./selection.ts";
import { type Server, startServer } from "./server.ts";
import { measureSwap } from "./swap.ts";
import { formatTable } from "./table.ts";

const WARM_UP_SECONDS = 2;
const ROUNDS = 3;
const ROUND_SECONDS = 1;

const FORM_NAMES: Readonly<Record<RequestForm, string>> = {
  typed: "gRPC typed",
  content: "gRPC content",
  rest: "REST row",
};

const LOAD_HEADER = [
  "model",
  "request",
  "connections",
  "requests/s",
  "p50 us",
  "p99 us",
  "CPU us/request",
  "in process us",
  "ratio",
];

async function measureLoad(
  server: Server,
  model: BenchModel,
  alone: InProcess,
  form: RequestForm,
  connections: number,
): Promise<string[]> {
  const request = predictRequest(model.name, alone.key, alone.input, form);
  const rest = form === "rest";
  const port = rest ? server.restPort : server.grpcPort;
  const warm = await load(port, request, rest, connections, { seconds: WARM_UP_SECONDS });
  // A count, so that no request is under way when the time is up: its cost would be counted, but not itself.
  const requests = Math.ceil((warm.perSecond * ROUND_SECONDS) / connections) * connections;
  const rounds: (LoadResult & { readonly cpu: number })[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = cpuMicroseconds(server.pid);
    const result = await load(port, request, rest, connections, { requests });
    if (result.failed > 0 || result.bodyBytes === 0) {
      throw new Error(`${model.name}: ${result.failed} of ${requests} requests failed`);
    }
    rounds.push({ ...result, cpu: (cpuMicroseconds(server.pid) - before) / requests });
  }
  // The cheapest, as for the model alone: other processes can only add to it.
  const best = rounds.reduce((a, b) => (b.cpu < a.cpu ? b : a));
  return [
    model.name,
    FORM_NAMES[form],
    String(connections),
    best.perSecond.toFixed(0),
    best.p50.toFixed(0),
    best.p99.toFixed(0),
    best.cpu.toFixed(0),
    alone.microseconds.toFixed(0),
    (best.cpu / alone.microseconds).toFixed(2),
  ];
}

async function loadRows(model: BenchModel, alone: InProcess, chosen: Selection): Promise<string[][]> {
  const first = predictRequest(model.name, alone.key, alone.input, "rest");
  const server = await startServer(model, first, chosen.serverFlags);
  const rows: string[][] = [];
  try {
    for (const form of chosen.forms) {
      for (const connections of chosen.connections) {
        rows.push(await measureLoad(server, model, alone, form, connections));
      }
    }
  } finally {
    await server.stop();
  }
  return rows;
}

async function coldRow(model: BenchModel, alone: InProcess, chosen: Selection): Promise<string[]> {
  const request = predictRequest(model.name, alone.key, alone.input, "rest");
  const { usual, emptyCache } = await measureColdStart(model, request, chosen.serverFlags);
  const times = [usual, emptyCache].flatMap((starts) => {
    const walls = starts.map(({ wall }) => wall).sort((x, y) => x - y);
    return [walls[0]!, walls[walls.length >> 1]!, Math.min(...starts.map(({ cpu }) => cpu))];
  });
  return [model.name, ...times.map((time) => time.toFixed(0))];
}

async function main(args: readonly string[]): Promise<void> {
  const chosen = select(
    args,
    MODELS.map((model) => model.name),
  );
  const models = findModels(chosen.models);
  const alone = new Map<BenchModel, InProcess>();
  for (const model of models) alone.set(model, await measureInProcess(model));
  if (chosen.parts.includes("load")) {
    const rows: string[][] = [];
    for (const model of models.filter(({ loaded }) => loaded)) {
      rows.push(...(await loadRows(model, alone.get(model)!, chosen)));
    }
    if (rows.length > 0) process.stdout.write(`${formatTable(LOAD_HEADER, rows)}\n`);
  }
  if (chosen.parts.includes("cold")) {
    const rows: string[][] = [];
    for (const model of models) rows.push(await coldRow(model, alone.get(model)!, chosen));
    const header = [
      "start to first answer",
      "ms",
      "median",
      "CPU",
      "empty compile cache: ms",
      "median",
      "CPU",
    ];
    process.stdout.write(`${formatTable(header, rows)}\n`);
  }
  if (chosen.parts.includes("swap")) {
    const rows: string[][] = [];
    for (const model of models.filter(({ loaded }) => loaded)) {
      rows.push(await measureSwap(model, alone.get(model)!, chosen.serverFlags));
    }
    const header = [
      "versions added and removed under load",
      "loads and unloads",
      "requests",
      "failed",
      "p50 us",
      "p99 us",
    ];
    process.stdout.write(formatTable(header, rows));
  }
}

try {
  const [command, ...args] = process.argv.slice(2);
  if (command === "import") await (await import("./import/command.ts")).benchImport(args);
  else if (command === "examples") (await import("./examples.ts")).benchExamples();
  else await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
