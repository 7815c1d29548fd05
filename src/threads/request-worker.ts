/** The thread that answers requests: its own listeners, its own view of what is served. */
import { parentPort, workerData } from "node:worker_threads";
import { memoryTrimmer } from "../engines/native-library.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { Health } from "../inference/health.ts";
import type { Servable } from "../lifecycle/servable.ts";
import { ServableMap } from "../lifecycle/servable-map.ts";
import { createRestListener } from "../listeners/http1.ts";
import { createGrpcListener } from "../listeners/http2.ts";
import type { Payload } from "../loaders/module-payload.ts";
import { attachServable, ThreadEngines } from "../loaders/thread-engines.ts";
import { RequestObserver } from "../monitoring/request-observer.ts";
import type { TraceSettings } from "../monitoring/trace-settings.ts";
import type { RequestTracer } from "../monitoring/tracer.ts";
import { packageVersion } from "../package-version.ts";
import type { ServerProfile } from "../profiling/server-profiler.ts";
import { loggedMethods } from "../protocols/grpc/logged-methods.ts";
import { guardManagement } from "../protocols/grpc/management-guard.ts";
import { modelService } from "../protocols/grpc/model-service.ts";
import { predictionService } from "../protocols/grpc/prediction-service.ts";
import type { ProfilerControl } from "../protocols/grpc/profiler-control.ts";
import { profilerService } from "../protocols/grpc/profiler-service.ts";
import { healthMethods, healthStreams, reflectionStreams, servicesOf } from "../protocols/grpc/services.ts";
import { sessionService } from "../protocols/grpc/session-service.ts";
import { CORS_HEADERS } from "../protocols/rest/cors.ts";
import { withMetricsPages } from "../protocols/rest/metrics-pages.ts";
import { restService } from "../protocols/rest/service.ts";
import { Backlog } from "../request-log/backlog.ts";
import { RequestRecorder } from "../request-log/request-recorder.ts";
import { createLogger } from "../status/log.ts";
import { answerCalls, Caller, sendNotice } from "./calls.ts";
import { giveBackWhenIdle } from "./idle-memory.ts";
import { createPortLogSink } from "./log-channel.ts";
import type { ControlCall, Publication, SeriesNotice, WorkerCall, WorkerSettings } from "./messages.ts";
import { RequestSpans } from "./request-spans.ts";
import type { WorkerBatching } from "./worker-batching.ts";

/** Of a worker that has seen more, code was compiled for what comes often. */
const EVENTS_OF_A_START = 1000;

const port = parentPort!;
const settings = workerData as WorkerSettings;
const log = createLogger(createPortLogSink(port), "threads/request_worker");
const engines = new ThreadEngines(createOnnxRuntimeEngine({ intraOpThreads: settings.intraOpThreads }));
const servables = new ServableMap();
const onFailure = (error: unknown) =>
  log.error(error instanceof Error ? (error.stack ?? error.message) : String(error));

const { port: logPort, backlog, limitBytes, savedModelTags } = settings.requestLog;
const requestLog = new RequestRecorder({
  backlog: new Backlog(backlog, limitBytes),
  send: (record) => logPort.postMessage(record, [record.bytes.buffer]),
  savedModelTags,
  onLogged: (model, code) => observer.model(model).countLogged(code),
});
// Before the first listener on the port: messages that come meanwhile wait.
const tracer = settings.traces && (await startTracer(settings.traces));
const control = new Caller<ControlCall, never>(port, () => {});
const ask = <T>(call: ControlCall) => control.call(call) as Promise<T>;
const observer = new RequestObserver((series) => sendNotice<SeriesNotice>(port, { series }), tracer?.trace);
const sessionMethods = sessionService(
  servables,
  settings.tensorContent ? "content" : "typed",
  observer,
  settings.limits,
);
const methods = new Map([
  ...loggedMethods(predictionService(servables, settings, observer), requestLog),
  ...loggedMethods(sessionMethods, requestLog),
  ...modelService(servables, (config, metrics) => ask({ kind: "reload-config", config, metrics }), observer),
]);
const health = new Health(servables, servicesOf(methods.keys()));
servables.onChange = () => health.changed();
const profiler: ProfilerControl = {
  profile: async (request) => (await control.call({ kind: "profile", request })) as ServerProfile,
  terminate: async (session) => void (await control.call({ kind: "terminate-profile", session })),
  monitor: async (request) => (await control.call({ kind: "monitor", request })) as string,
};
const checks = settings.healthService
  ? { methods: healthMethods(health), streams: healthStreams(health) }
  : { methods: [], streams: [] };
const served = guardManagement(
  new Map([...methods, ...checks.methods, ...(settings.profilerService ? profilerService(profiler) : [])]),
  settings.allowedHosts,
);
const spans = new RequestSpans(served);
const streams = new Map([...checks.streams, ...reflectionStreams(served.keys())]);
const { channel } = settings;
const grpc = createGrpcListener(served, {
  streams,
  onFailure,
  limits: settings.listenerLimits,
  ...(channel.maxReceiveMessageLength !== undefined && {
    maxReceiveMessageLength: channel.maxReceiveMessageLength,
  }),
  ...(channel.maxConcurrentStreams !== undefined && { maxConcurrentStreams: channel.maxConcurrentStreams }),
  lifetime: {
    age: channel.maxConnectionAgeMilliseconds,
    grace: channel.maxConnectionAgeGraceMilliseconds,
    idle: channel.maxConnectionIdleMilliseconds,
  },
});
const rest = createRestListener(
  withMetricsPages(
    settings.metricsPages,
    (metrics) => ask({ kind: "metrics", metrics }),
    spans.handler(
      restService(servables, settings.rest, {
        // Web pages must not come to what changes the server.
        methods: (lookup) =>
          new Map([
            ...loggedMethods(predictionService(lookup, settings, observer), requestLog),
            ...modelService(lookup, undefined, observer),
          ]),
        isDraining: () => health.isDraining,
        observer,
        requestLog,
        onFailure,
      }),
    ),
  ),
  {
    timeoutMilliseconds: settings.restTimeoutMilliseconds,
    ...(settings.rest.maxBodyBytes !== undefined && { maxBodyBytes: settings.rest.maxBodyBytes }),
    limits: settings.listenerLimits,
    errorHeaders: settings.rest.cors ? CORS_HEADERS : {},
    onFailure,
  },
);

/** Loaded with the first version that is batched. */
let batching: Promise<WorkerBatching> | undefined;

async function startTracer(traces: TraceSettings): Promise<RequestTracer> {
  const { RequestTracer } = await import("../monitoring/tracer.ts");
  return new RequestTracer(
    traces,
    packageVersion,
    createLogger(createPortLogSink(port), "monitoring/tracer"),
  );
}

async function createServable(payload: Payload): Promise<Servable> {
  if ("module" in payload) {
    return (await import("../loaders/module-payload.ts")).createModuleServable(payload);
  }
  const servable = await attachServable(payload, engines, settings.number);
  if (payload.batching === undefined || settings.batchThreads === undefined) return servable;
  const { batchThreads, number } = settings;
  batching ??= import("./worker-batching.ts").then(
    (module) =>
      new module.WorkerBatching(batchThreads, number, (id, signature) => observer.batches(id, signature)),
  );
  return (await batching).wrap(servable, payload.batching);
}

async function publish(payload: Publication): Promise<void> {
  if (!("lastUse" in payload)) return servables.add(await createServable(payload));
  const { id, loaded } = payload;
  const before = await servables.setLazy(
    id,
    loaded && (await createServable(loaded)),
    () => ask({ kind: "demand", id }),
    new Float64Array(payload.lastUse),
  );
  before?.release?.();
}

/** Ends what `watch` began. */
let watching: AbortController | undefined;

async function answer(call: WorkerCall): Promise<unknown> {
  switch (call.kind) {
    case "publish":
      return publish(call.payload);
    case "retire": {
      const removed = await servables.remove(call.id);
      return removed?.release?.();
    }
    case "status":
      return servables.setStatus(call.name, call.status);
    case "models":
      servables.setNames(call.names);
      requestLog.setLoggings(call.loggings);
      return servables.setLabels(call.labels);
    case "listen":
      for (const fd of call.grpc) await grpc.listen({ fd }, call.identities.grpc);
      for (const fd of call.rest) await rest.listen({ fd }, call.identities.rest);
      return undefined;
    case "identities":
      if (call.identities.grpc !== undefined) grpc.renew(call.identities.grpc);
      if (call.identities.rest !== undefined) rest.renew(call.identities.rest);
      return undefined;
    case "watch": {
      const { watchThread } = await import("../profiling/watch-thread.ts");
      watching = new AbortController();
      return watchThread(`request worker ${settings.number}`, spans, call, watching.signal);
    }
    case "end-watch":
      return watching?.abort();
    case "end":
      return process.exit(0);
    case "drain":
      health.drain();
      (await batching)?.hurry();
      await Promise.all([grpc.close(call.milliseconds), rest.close(call.milliseconds)]);
      await tracer?.stop(call.milliseconds);
      return undefined;
  }
}

giveBackWhenIdle({ lastEvent: EVENTS_OF_A_START }, memoryTrimmer());
answerCalls<WorkerCall>(port, answer);
