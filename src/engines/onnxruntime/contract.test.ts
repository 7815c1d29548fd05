import { CASES } from "../contract-cases.ts";
import { testEngineContract } from "../engine-contract.ts";
import { testOnnxContract } from "../onnx-contract.ts";
import { createOnnxRuntimeEngine } from "./engine.ts";

testEngineContract({
  create: createOnnxRuntimeEngine,
  open: (engine, name) => engine.create(CASES.get(name)!.model),
  module: new URL("./contract-subject.ts", import.meta.url),
});
testOnnxContract(createOnnxRuntimeEngine());
