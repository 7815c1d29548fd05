/**
 * What serving costs beside the model itself: `npm run bench`, or a part of it: `npm run bench -- mlp grpc 8`.
 * The words to choose with are those of selection.ts; with `--profile` each thread of the server writes a CPU profile to
 * bench/profiles, for Chrome's developer tools; what else begins with -- is passed on to the server. What is measured under load
 * is written to a file in bench/results, too: `npm run bench -- --compare A B` prints the ratios of two of them.
 *
 * `npm run bench -- import [FOLDER] [NAME-PREFIX ...] [--python=PATH] [--markdown=FILE] [--rounds=N]` compares imported
 * models with tf2onnx's and with TensorFlow; `npm run bench -- examples` measures the parsing of tf.Examples.
 */
import { measureColdStart } from "./cold-start.ts";
import { type InProcess, measureInProcess } from "./in-process.ts";
import { measureModel } from "./measure-load.ts";
import { type BenchModel, findModels, MODELS } from "./models.ts";
import { predictRequest } from "./requests.ts";
import { compareResults, formatLoad, type LoadRow, readResults, saveResults } from "./results.ts";
import { type Selection, select } from "./selection.ts";
import { formatSwaps, measureSwap } from "./swap.ts";
import { formatTable } from "./table.ts";

async function coldRow(model: BenchModel, alone: InProcess, chosen: Selection): Promise<string[]> {
  const request = predictRequest(model, alone.key, alone.input, "rest")!;
  const { usual, importing, emptyCache } = await measureColdStart(model, request, chosen.serverFlags);
  const times = [usual, importing, emptyCache].flatMap((starts) => {
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
  if (chosen.parts.includes("load") || chosen.parts.includes("open")) {
    const rows: LoadRow[] = [];
    for (const model of models) {
      const measured = await measureModel(model, alone.get(model)!, chosen);
      process.stderr.write(formatLoad(measured));
      rows.push(...measured);
    }
    process.stdout.write(`${formatLoad(rows)}\n`);
    process.stderr.write(`${saveResults(args, rows)}\n`);
  }
  if (chosen.parts.includes("cold")) {
    const rows: string[][] = [];
    for (const model of models) rows.push(await coldRow(model, alone.get(model)!, chosen));
    const header = [
      "start to first answer",
      "ms",
      "median",
      "CPU",
      "not imported before: ms",
      "median",
      "CPU",
      "empty compile cache, too: ms",
      "median",
      "CPU",
    ];
    process.stdout.write(`${formatTable(header, rows)}\n`);
  }
  if (chosen.parts.includes("swap")) {
    const rows: string[][] = [];
    for (const model of models) {
      rows.push(...(await measureSwap(model, alone.get(model)!, chosen.serverFlags)));
    }
    process.stdout.write(formatSwaps(rows));
  }
}

try {
  const [command, ...args] = process.argv.slice(2);
  if (command === "import") await (await import("./import/command.ts")).benchImport(args);
  else if (command === "examples") (await import("./examples.ts")).benchExamples();
  else if (command === "--compare" && args.length === 2) {
    process.stdout.write(compareResults(readResults(args[0]!), readResults(args[1]!)));
  } else await main(process.argv.slice(2));
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exitCode = 1;
}
