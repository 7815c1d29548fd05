import { readFileSync } from "node:fs";
import { CASES } from "../contract-cases.ts";
import { runScenario } from "../process-contract.ts";
import { createOnnxRuntimeEngine } from "./engine.ts";

const { model } = CASES.get("bias")!;

await runScenario({
  file: import.meta.filename,
  createEngine: () => createOnnxRuntimeEngine(),
  // Without pool threads, nothing but the pin holds the library.
  createLoneEngine: () => createOnnxRuntimeEngine({ intraOpThreads: 1 }),
  load: (engine) => engine.create(model),
  wrong: { dtype: "float32", shape: [3], data: new Float32Array(3) },
  requireLibrary() {
    if (process.platform === "linux" && !readFileSync("/proc/self/maps", "utf8").includes("libonnxruntime"))
      throw new Error("the library was unloaded");
  },
});
