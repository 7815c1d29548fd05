import { existsSync, statSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { OnnxEngine } from "../../src/engines/engine.ts";
import { createOnnxRuntimeEngine } from "../../src/engines/onnxruntime/engine.ts";
import { type Converted, convertedModel } from "./converted.ts";
import { type CorpusModel, corpusModels } from "./corpus.ts";
import { type Imported, importModel } from "./imported.ts";
import { addCounts, countNodes, type NodeCount } from "./onnx-nodes.ts";
import { optimizedModel } from "./optimized-model.ts";
import { Reference } from "./reference.ts";
import { inProcess, timeInTurn } from "./rounds.ts";
import { formatFull, formatMarkdown, type Row, summary } from "./rows.ts";

const LARGE_MODELS = fileURLToPath(new URL("../models/large", import.meta.url));

interface Options {
  readonly folder: string;
  readonly prefixes: readonly string[];
  readonly rounds: number;
  /** With what bench/import/requirements.txt says; without one, TensorFlow and tf2onnx aren't compared with. */
  readonly python: string | undefined;
  /** The file that gets the table as Markdown. */
  readonly markdown: string | undefined;
}

function readOptions(args: readonly string[]): Options {
  const flag = (name: string) => args.find((arg) => arg.startsWith(`--${name}=`))?.slice(name.length + 3);
  const words = args.filter((arg) => !arg.startsWith("--"));
  const isFolder = words[0] !== undefined && existsSync(words[0]) && statSync(words[0]).isDirectory();
  return {
    folder: isFolder ? words[0]! : LARGE_MODELS,
    prefixes: isFolder ? words.slice(1) : words,
    rounds: Number(flag("rounds") ?? 40),
    python: flag("python"),
    markdown: flag("markdown"),
  };
}

/** Compares what models become here with what tf2onnx makes of them, and with TensorFlow. */
export async function benchImport(args: readonly string[]): Promise<void> {
  const options = readOptions(args);
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const models = corpusModels(options.folder, options.prefixes);
  const files = await convertAll(models, options.python);
  const reference = options.python === undefined ? undefined : new Reference(options.python);
  const rows: Row[] = [];
  try {
    for (const [i, model] of models.entries()) {
      const row = await measure(model, files[i]!, engine, reference, options.rounds);
      process.stderr.write(`${i + 1} of ${models.length}: ${summary(row)}\n`);
      rows.push(row);
    }
  } finally {
    reference?.end();
  }
  process.stdout.write(formatFull(rows));
  if (options.markdown !== undefined) writeFileSync(options.markdown, formatMarkdown(rows));
}

/** tf2onnx's file for each model, or why there is none. In a process of its own, as it leaves TensorFlow changed. */
async function convertAll(
  models: readonly CorpusModel[],
  python: string | undefined,
): Promise<readonly (string | Error)[]> {
  if (python === undefined) return models.map(() => new Error("no Python"));
  const reference = new Reference(python);
  try {
    const files: (string | Error)[] = [];
    for (const model of models) files.push(await reference.convert(model).catch((error: Error) => error));
    return files;
  } finally {
    reference.end();
  }
}

async function measure(
  model: CorpusModel,
  file: string | Error,
  engine: OnnxEngine,
  reference: Reference | undefined,
  rounds: number,
): Promise<Row> {
  const imported = await importModel(model, engine).catch((error: Error) => error);
  if (imported instanceof Error) return { name: model.name, notes: [`ours: ${imported.message}`] };
  const converted = await convert(model, file, engine);
  const tensorflow = await reference?.load(model, imported.inputs).catch((error: Error) => error);
  try {
    const times = await timeInTurn(
      [
        inProcess(imported.run),
        ...(converted instanceof Error ? [] : [inProcess(converted.run)]),
        ...(hasFailed(tensorflow) ? [] : [{ round: (runs: number) => reference!.round(runs) }]),
      ],
      rounds,
    );
    const ours = times.shift()!;
    const theirs = converted instanceof Error ? undefined : times.shift()!;
    const tensorflows = times.shift();
    return {
      name: model.name,
      ours: {
        ...addCounts(imported.models.map(countNodes)),
        optimized: await afterOptimizer(imported.models),
        regions: imported.models.length,
        hostOps: imported.hostOps,
        loadMilliseconds: imported.loadMilliseconds,
        microseconds: Math.min(...ours),
      },
      converted: theirs && {
        ...countNodes((converted as Converted).model),
        optimized: await afterOptimizer([(converted as Converted).model]),
        microseconds: Math.min(...theirs),
        ratio: Math.min(...ours) / Math.min(...theirs),
      },
      tensorflow: tensorflows && {
        microseconds: Math.min(...tensorflows),
        ratio: Math.min(...ours) / Math.min(...tensorflows),
      },
      notes: [
        ...(converted instanceof Error ? [`tf2onnx: ${converted.message}`] : []),
        ...(!(converted instanceof Error) && !converted.agrees ? ["tf2onnx: other answers"] : []),
        ...(tensorflow instanceof Error ? [`TensorFlow: ${tensorflow.message}`] : []),
      ],
    };
  } finally {
    await end(imported, converted);
  }
}

function hasFailed(loaded: object | undefined): loaded is Error | undefined {
  return loaded === undefined || loaded instanceof Error;
}

async function convert(
  model: CorpusModel,
  file: string | Error,
  engine: OnnxEngine,
): Promise<Converted | Error> {
  if (file instanceof Error) return file;
  return convertedModel(file, model, engine).catch((error: Error) => error);
}

/** Undefined if onnxruntime-node, which lacks bfloat16, can't take the model. */
async function afterOptimizer(models: readonly Uint8Array[]): Promise<NodeCount | undefined> {
  try {
    return addCounts(await Promise.all(models.map(async (model) => countNodes(await optimizedModel(model)))));
  } catch {
    return undefined;
  }
}

async function end(imported: Imported, converted: Converted | Error): Promise<void> {
  await imported.release();
  if (!(converted instanceof Error)) converted.release();
}
