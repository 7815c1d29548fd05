/**
 * Tries inputs that nobody would send on everything that takes bytes from outside.
 *
 *   npm run fuzz -- [--seconds=N] [--seed=N] [NAME...]
 *
 * N seconds for each target (default 60) whose name begins with one of the NAMEs (default: all). An input that fails is
 * made small and written to fuzz/failures.
 *
 *   npm run fuzz -- engines [--models=FOLDER] [--model=START] [--seconds=N] [--seed=N]
 *
 * Compares the importer's answers with TensorFlow's, on random requests for all models below FOLDER (default:
 * fixtures/models) whose names begin with START, N seconds for all together. A difference comes with the seed that makes the
 * same request first.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { foundLibrary, skipWithoutLibrary } from "../src/engines/tensorflow/found-library.ts";
import { describeResult, fuzzAll } from "./engines/all-models.ts";
import { modelsBelow } from "./engines/models.ts";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

const { values, positionals } = parseArgs({
  options: {
    seconds: { type: "string", default: "60" },
    seed: { type: "string" },
    models: { type: "string", default: fileURLToPath(new URL("../fixtures/models", import.meta.url)) },
    model: { type: "string", default: "" },
  },
  allowPositionals: true,
});
const seed = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const chosen = targets.filter(
  ({ name }) => positionals.length === 0 || positionals.some((start) => name.startsWith(start)),
);
console.log(`seed ${seed}`);
let total = 0;
for (const target of chosen) {
  const { inputs, failure } = await fuzz(target, Number(values.seconds) * 1000, seed);
  total += inputs;
  console.log(`${target.name}: ${inputs} inputs${failure === undefined ? "" : ", FAILED"}`);
  if (failure === undefined) continue;
  const path = `fuzz/failures/${target.name.replaceAll(/\W+/g, "-")}-${failure.seed}.bin`;
  mkdirSync("fuzz/failures", { recursive: true });
  writeFileSync(path, failure.input);
  console.log(`  ${path}: ${JSON.stringify(Buffer.from(failure.input).toString("latin1").slice(0, 300))}`);
  console.log(failure.error instanceof Error ? failure.error.stack : failure.error);
  process.exitCode = 1;
}
if (positionals.length === 0 || positionals.includes("engines")) await compareEngines();
console.log(`${total} inputs`);

async function compareEngines(): Promise<void> {
  if (foundLibrary === undefined) {
    console.log(`engines: passed over: ${skipWithoutLibrary}`);
    return;
  }
  // With oneDNN's kernels TensorFlow refuses empty batches of some layers. This is read when the library is loaded.
  process.env.TF_ENABLE_ONEDNN_OPTS ??= "0";
  const models = modelsBelow(values.models).filter(({ name }) => name.startsWith(values.model));
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const options = { engine, library: foundLibrary, milliseconds: Number(values.seconds) * 1000, seed };
  await fuzzAll(models, options, (result) => {
    total += result.inputs;
    console.log(describeResult(result));
    if (result.differences.some(({ known }) => known === undefined)) process.exitCode = 1;
  });
}
