/** The thread that reads, imports and compiles models, and frees them again. */
import { parentPort, workerData } from "node:worker_threads";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { isComplete } from "../loaders/completeness.ts";
import { SavedModelLoading } from "../loaders/saved-model-loading.ts";
import { MetricScope } from "../metrics/scope.ts";
import { createLogger } from "../status/log.ts";
import { type Code, codeName } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { hasWarmupRequests, warmUp } from "../warmup/warmup-file.ts";
import { answerCalls, sendNotice } from "./calls.ts";
import { createPortLogSink } from "./log-channel.ts";
import type { LoaderCall, LoaderSettings, SeriesNotice } from "./messages.ts";

const port = parentPort!;
const settings = workerData as LoaderSettings;
const sink = createPortLogSink(port);
const metrics = new MetricScope((series) => sendNotice<SeriesNotice>(port, { series }));
const warmupOptions = {
  storage: fileStorage,
  iterations: settings.warmupIterations,
  checksMethodName: settings.checksMethodName,
  log: createLogger(sink, "warmup"),
  onEnd: (folder: string, code: Code, microseconds: number) =>
    metrics
      .histogram(":tensorflow:serving:model_warmup_latency", [folder, codeName(code)])
      .record(microseconds),
};
const loading = new SavedModelLoading({
  storage: fileStorage,
  engine: createOnnxRuntimeEngine({ intraOpThreads: settings.intraOpThreads }),
  engines: settings.engines,
  tags: settings.savedModelTags,
  batching: settings.batching,
  allowsFileOps: settings.allowsFileOps,
  log: createLogger(sink, "loaders/saved_model"),
  ...(settings.warmsUp && {
    warmUp: (servable: Servable, path: string) => warmUp(servable, path, warmupOptions),
  }),
  ...(settings.verifiesWarmup && {
    verifies: (path: string) => hasWarmupRequests(fileStorage, path),
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
