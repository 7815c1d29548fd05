/** The thread that reads, imports and compiles models, and frees them again. */
import { parentPort, workerData } from "node:worker_threads";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { isComplete } from "../loaders/completeness.ts";
import { SavedModelLoading } from "../loaders/saved-model-loading.ts";
import { createLogger } from "../status/log.ts";
import { fileStorage } from "../storage/file.ts";
import { warmUp } from "../warmup/warmup-file.ts";
import { answerCalls } from "./calls.ts";
import { createPortLogSink } from "./log-channel.ts";
import type { LoaderCall, LoaderSettings } from "./messages.ts";

const port = parentPort!;
const settings = workerData as LoaderSettings;
const sink = createPortLogSink(port);
const warmupOptions = {
  storage: fileStorage,
  iterations: settings.warmupIterations,
  checksMethodName: settings.checksMethodName,
  log: createLogger(sink, "warmup"),
};
const loading = new SavedModelLoading({
  storage: fileStorage,
  engine: createOnnxRuntimeEngine({ intraOpThreads: settings.intraOpThreads }),
  tags: settings.savedModelTags,
  batching: settings.batching,
  log: createLogger(sink, "loaders/saved_model"),
  ...(settings.warmsUp && {
    warmUp: (servable: Servable, path: string) => warmUp(servable, path, warmupOptions),
  }),
});

answerCalls<LoaderCall>(port, (call) => {
  switch (call.kind) {
    case "estimate":
      return loading.estimate(call.path);
    case "is-complete":
      return isComplete(fileStorage, call.path);
    case "load":
      return loading.load(call.id, call.path);
    case "unload":
      return loading.unload(call.payload);
  }
});
