/** The thread that answers requests: its own listeners, its own view of what is served. */
import { parentPort, workerData } from "node:worker_threads";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { ServableMap } from "../lifecycle/servable-map.ts";
import { createRestListener } from "../listeners/http1.ts";
import { createGrpcListener } from "../listeners/http2.ts";
import { SavedModelServable } from "../loaders/saved-model-servable.ts";
import { modelService } from "../protocols/grpc/model-service.ts";
import { predictionService } from "../protocols/grpc/prediction-service.ts";
import { CORS_HEADERS } from "../protocols/rest/cors.ts";
import { restService } from "../protocols/rest/service.ts";
import { createLogger } from "../status/log.ts";
import { answerCalls, Caller } from "./calls.ts";
import { createPortLogSink } from "./log-channel.ts";
import type { ControlCall, WorkerCall, WorkerSettings } from "./messages.ts";

const port = parentPort!;
const settings = workerData as WorkerSettings;
const log = createLogger(createPortLogSink(port), "threads/request_worker");
const engine = createOnnxRuntimeEngine({ intraOpThreads: settings.intraOpThreads });
const servables = new ServableMap();
const onFailure = (error: unknown) =>
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));

const draining = new AbortController();
const control = new Caller<ControlCall, never>(port, () => {});
const reload = async (config: Uint8Array) => void (await control.call({ kind: "reload-config", config }));
const grpc = createGrpcListener(
  new Map([...predictionService(servables, settings), ...modelService(servables, reload)]),
  { onFailure },
);
const rest = createRestListener(
  restService(servables, settings.rest, {
    // Web pages must not come to what changes the server.
    methods: (lookup) => new Map([...predictionService(lookup, settings), ...modelService(lookup)]),
    isDraining: () => draining.signal.aborted,
    onFailure,
  }),
  {
    timeoutMilliseconds: settings.restTimeoutMilliseconds,
    errorHeaders: settings.rest.cors ? CORS_HEADERS : {},
    onFailure,
  },
);

async function answer(call: WorkerCall): Promise<void> {
  switch (call.kind) {
    case "publish":
      return servables.add(await SavedModelServable.attach(call.payload, engine, settings.number));
    case "retire": {
      const removed = await servables.remove(call.id);
      if (removed instanceof SavedModelServable) removed.release();
      return;
    }
    case "status":
      return servables.setStatus(call.name, call.status);
    case "models":
      servables.setNames(call.names);
      return servables.setLabels(call.labels);
    case "listen":
      for (const fd of call.grpc) await grpc.listen({ fd }, call.identities.grpc);
      for (const fd of call.rest) await rest.listen({ fd }, call.identities.rest);
      return;
    case "identities":
      if (call.identities.grpc !== undefined) grpc.renew(call.identities.grpc);
      if (call.identities.rest !== undefined) rest.renew(call.identities.rest);
      return;
    case "end":
      return process.exit(0);
    case "drain":
      draining.abort();
      await Promise.all([grpc.close(call.milliseconds), rest.close(call.milliseconds)]);
  }
}

answerCalls<WorkerCall>(port, answer);
