/** The thread that reads, imports and compiles models, and frees them again. */
import { parentPort, workerData } from "node:worker_threads";
import { memoryTrimmer } from "../engines/native-library.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { ImportCache } from "../loaders/import-cache/import-cache.ts";
import { SavedModelLoading } from "../loaders/saved-model-loading.ts";
import { MetricScope } from "../metrics/scope.ts";
import { createLogger } from "../status/log.ts";
import { type Code, codeName } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { hasWarmupRequests, warmUp } from "../warmup/warmup-file.ts";
import { answerCalls, sendNotice } from "./calls.ts";
import { giveBackWhenIdle } from "./idle-memory.ts";
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
const log = createLogger(sink, "loaders/saved_model");
const { importCache, savedModelTags: tags, allowsFileOps, intraOpThreads } = settings;
const loading = new SavedModelLoading({
  storage: fileStorage,
  engine: createOnnxRuntimeEngine({ intraOpThreads }),
  engines: settings.engines,
  tags,
  batching: settings.batching,
  allowsFileOps,
  log,
  importCache:
    importCache === undefined
      ? undefined
      : new ImportCache(importCache, fileStorage, { tags, allowsFileOps, intraOpThreads }, log),
  ...(settings.warmsUp && {
    warmUp: (servable: Servable, path: string) => warmUp(servable, path, warmupOptions),
  }),
  ...(settings.verifiesWarmup && {
    verifies: (path: string) => hasWarmupRequests(fileStorage, path),
  }),
});

/** Asked only for versions that were just written. It takes the parser of graphs. */
async function isComplete(path: string): Promise<boolean> {
  return (await import("../loaders/completeness.ts")).isComplete(fileStorage, path);
}

giveBackWhenIdle({}, memoryTrimmer());
answerCalls<LoaderCall>(port, (call) => {
  switch (call.kind) {
    case "estimate":
      return loading.estimate(call.path);
    case "is-complete":
      return isComplete(call.path);
    case "load":
      return loading.load(call.id, call.path);
    case "unload":
      return loading.unload(call.payload);
  }
});
