/** Loads a model some times with an import cache, and prints where each came from: `node cache-scenarios.ts MODEL FOLDER TIMES`. */
import { createOnnxRuntimeEngine } from "../../engines/onnxruntime/engine.ts";
import { fileStorage } from "../../storage/file.ts";
import { SavedModelLoading } from "../saved-model-loading.ts";
import { ImportCache } from "./import-cache.ts";

const [model, folder, times] = process.argv.slice(2);
const settings = { tags: ["serve"], allowsFileOps: false, intraOpThreads: 1 };
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
for (let i = 0; i < Number(times); i++) {
  let isHit = false;
  const log = {
    info: (line: string) => {
      isHit ||= line.includes("imported before");
    },
    warning() {},
    error() {},
  };
  const importCache = new ImportCache(folder!, fileStorage, settings, log);
  const loading = new SavedModelLoading({ storage: fileStorage, engine, ...settings, log, importCache });
  await loading.unload(await loading.load({ name: "m", version: 1n }, model!));
  console.log(isHit ? "hit" : "import");
}
