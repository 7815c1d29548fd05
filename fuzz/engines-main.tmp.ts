import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { foundLibrary } from "../src/engines/tensorflow/found-library.ts";
import { fuzzEngines } from "./engines/engines.ts";
import { modelsBelow } from "./engines/models.ts";

process.env.TF_ENABLE_ONEDNN_OPTS = "0";
const [root, ms, seed, prefix = ""] = process.argv.slice(2);
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
let total = 0;
for (const m of modelsBelow(root!).filter((x) => x.name.startsWith(prefix))) {
  process.stdout.write(m.name + " ");
  const r = await fuzzEngines(m, {
    engine,
    library: foundLibrary!,
    milliseconds: Number(ms),
    seed: Number(seed),
  });
  total += r.inputs;
  console.log(`${r.inputs} inputs ${r.compared} compared ${r.refused} refused ${r.skipped ?? ""}`);
  for (const d of r.differences)
    console.log(`   ${d.signature} ${d.output} seed ${d.seed}: ${d.problem.slice(0, 300)}`);
}
console.log(total);
