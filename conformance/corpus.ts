/**
 * Loads every model of a corpus and compares its answers with the expected ones.
 *
 * Usage: node conformance/corpus.ts [--engine=ENGINE] [--tensorflow_library=PATH] FOLDER [NAME-PREFIX ...]
 *
 * ENGINE is onnxruntime, which is the default, tensorflow or auto; PATH is as for `servable serve`.
 *
 * FOLDER has a folder per model: NAME/VERSION/saved_model.pb, NAME/model.json, NAME/cases.json. Prints a line per model
 * and, at the end, how many load and agree, and which operations keep the others from loading.
 */
import { basename } from "node:path";
import { parseArgs } from "node:util";
import { type EngineChoice, type EngineSettings, IMPORT_ONLY } from "../src/engines/engine-choice.ts";
import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { asStatusError } from "../src/status/status.ts";
import { checkModel, savedModelsBelow } from "./corpus-model.ts";

const { values, positionals } = parseArgs({
  options: {
    engine: { type: "string", default: "onnxruntime" },
    tensorflow_library: { type: "string", default: "" },
  },
  allowPositionals: true,
});
const [root, ...prefixes] = positionals;
if (root === undefined) {
  console.error(
    "Usage: node conformance/corpus.ts [--engine=ENGINE] [--tensorflow_library=PATH] FOLDER [NAME-PREFIX ...]",
  );
  process.exit(2);
}
const engines: EngineSettings = {
  ...IMPORT_ONLY,
  choice: values.engine as EngineChoice,
  tensorflowLibrary: values.tensorflow_library,
};
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const counts = { agree: 0, differ: 0, refused: 0 };
const missing = new Map<string, number>();
for (const folder of savedModelsBelow(root)) {
  const name = basename(folder);
  if (prefixes.length > 0 && !prefixes.some((prefix) => name.startsWith(prefix))) continue;
  try {
    const problem = await checkModel(folder, engine, engines);
    counts[problem === undefined ? "agree" : "differ"]++;
    console.log(problem === undefined ? `agree   ${name}` : `DIFFER  ${name}: ${problem}`);
  } catch (error) {
    counts.refused++;
    const { message } = asStatusError(error);
    const ops = /cover th(?:is op|ese ops): (.*?)\. /.exec(message)?.[1];
    for (const op of ops?.split("; ") ?? []) {
      const bare = op.replace(/ \(.*/, "");
      missing.set(bare, (missing.get(bare) ?? 0) + 1);
    }
    console.log(`refused ${name}: ${ops ?? message}`);
  }
}
console.log(`\n${counts.agree} agree, ${counts.differ} differ, ${counts.refused} do not load`);
const table = [...missing].sort((a, b) => b[1] - a[1]).map(([op, models]) => `${op} ${models}`);
if (table.length > 0) console.log(`Missing ops, by models: ${table.join(", ")}`);
process.exitCode = counts.differ === 0 ? 0 : 1;
