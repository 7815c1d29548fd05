import type { MessagePort } from "node:worker_threads";
import type { BatchThreadsMemory } from "../batching/batch-threads.ts";
import type { ChannelArguments } from "../config/channel-arguments.ts";
import type { TlsIdentity } from "../config/tls-identity.ts";
import type { EngineSettings } from "../engines/engine-choice.ts";
import type { LazyPayload } from "../lifecycle/lazy-versions.ts";
import type { ResourceEstimate } from "../lifecycle/loader.ts";
import type { ServableId, VersionLabels, VersionStatus } from "../lifecycle/servable.ts";
import type { ListenerLimits } from "../listeners/listener-limits.ts";
import type { BatchingOptions } from "../loaders/model-batching.ts";
import type { Payload } from "../loaders/module-payload.ts";
import type { ServablePayload } from "../loaders/servable-payload.ts";
import type { SeriesMemory } from "../metrics/scope.ts";
import type { TraceSettings } from "../monitoring/trace-settings.ts";
import type { MonitorOptions, ProfileOptions } from "../profiling/server-profiler.ts";
import type { WatchOptions } from "../profiling/watch-thread.ts";
import type { RequestLimits } from "../protocols/request-limits.ts";
import type { MetricsPage } from "../protocols/rest/metrics-pages.ts";
import type { RestServiceOptions } from "../protocols/rest/service.ts";
import type { RequestLoggings } from "../request-log/request-logging.ts";
import type { Rotation } from "../request-log/rotating-file.ts";
import type { LogFields, Severity } from "../status/log.ts";

/** From the control thread to a request worker. Each is answered when it is done. */
export type WorkerCall =
  /** Answered when the worker serves it, and uses nothing any more of what it takes the place of. */
  | { readonly kind: "publish"; readonly payload: Publication }
  /** Answered when the worker holds no handle on the version any more. */
  | { readonly kind: "retire"; readonly id: ServableId }
  | { readonly kind: "status"; readonly name: string; readonly status: VersionStatus }
  /** The configured models, all labels and what is logged, in the place of those before. */
  | {
      readonly kind: "models";
      readonly names: readonly string[];
      readonly labels: VersionLabels;
      readonly loggings: RequestLoggings;
    }
  | ListenCall
  /** What TLS servers are to be from now on. */
  | { readonly kind: "identities"; readonly identities: Identities }
  /** Answered with a ThreadProfile when the time is over, or it is ended. */
  | ({ readonly kind: "watch" } & WatchOptions)
  | { readonly kind: "end-watch" }
  /** Never answered: the thread ends itself, which ending it from outside may make abort the process. */
  | { readonly kind: "end" }
  /** Takes no new connection; answered when the requests in flight are done, or after the time. */
  | { readonly kind: "drain"; readonly milliseconds: number };

/** What workers serve: a version that is there, or one that is loaded when it is asked for. */
export type Publication = Payload | LazyPayload<Payload>;

/** Descriptors of bound sockets, of each worker's own, and what is to be served there over TLS. */
export interface ListenCall {
  readonly kind: "listen";
  readonly rest: readonly number[];
  readonly grpc: readonly number[];
  readonly identities: Identities;
}

/** A protocol without one is served in cleartext. */
export interface Identities {
  readonly rest: TlsIdentity | undefined;
  readonly grpc: TlsIdentity | undefined;
}

/** From a request worker to the control thread. Each is answered when it is done. */
export type ControlCall =
  /**
   * `config`: a serialized tensorflow.serving.ModelServerConfig. `metrics`: names of metrics; the answer is a
   * ReadonlyMap of what they grew by.
   */
  | { readonly kind: "reload-config"; readonly config: Uint8Array; readonly metrics: readonly string[] }
  /** The answer is the page. */
  | { readonly kind: "metrics"; readonly metrics: MetricsPage["metrics"] }
  /** Answered with a ServerProfile. */
  | { readonly kind: "profile"; readonly request: ProfileOptions }
  | { readonly kind: "terminate-profile"; readonly session: string }
  /** Answered with a text. */
  | { readonly kind: "monitor"; readonly request: MonitorOptions }
  /** Loads a version that a request has come for; answered when the worker has it. */
  | { readonly kind: "demand"; readonly id: ServableId };

/** What every request worker must know from its start. */
export interface WorkerSettings {
  /** Its number among the request workers, from 0; one that takes a dead one's place has the same. */
  readonly number: number;
  readonly intraOpThreads: number;
  readonly restTimeoutMilliseconds: number;
  readonly rest: RestServiceOptions;
  /** What one request may make of its bytes. */
  readonly limits: RequestLimits;
  readonly listenerLimits: ListenerLimits;
  /** The names by which clients may manage the server, besides those that are never public. */
  readonly allowedHosts: ReadonlySet<string>;
  readonly tensorContent: boolean;
  readonly checksMethodName: boolean;
  /** Undefined if no requests are batched. */
  readonly batchThreads?: BatchThreadsMemory | undefined;
  readonly metricsPages: readonly MetricsPage[];
  /** Undefined: requests aren't traced. */
  readonly traces: TraceSettings | undefined;
  readonly channel: ChannelArguments;
  /** Whether to serve grpc.health.v1. */
  readonly healthService: boolean;
  /** Whether to serve ProfilerService. */
  readonly profilerService: boolean;
  readonly requestLog: RequestLogConnection;
}

/** How a request worker has requests logged. */
export interface RequestLogConnection {
  /** Takes `LogRecord`s. */
  readonly port: MessagePort;
  /** The memory of the Backlog, and how much may wait. */
  readonly backlog: SharedArrayBuffer;
  readonly limitBytes: number;
  readonly savedModelTags: readonly string[];
}

/** From the control thread to the one that writes request logs. */
export type RequestLogCall =
  /** Another request worker. */
  | { readonly kind: "connect"; readonly port: MessagePort }
  /** Answered when all that workers have sent is written. */
  | { readonly kind: "close" };

export interface RequestLogSettings {
  readonly rotation: Rotation;
  readonly backlog: SharedArrayBuffer;
  readonly limitBytes: number;
}

/** From the control thread to a loader thread. */
export type LoaderCall =
  | { readonly kind: "estimate"; readonly path: string }
  /** Whether all of a version is there. */
  | { readonly kind: "is-complete"; readonly path: string }
  | { readonly kind: "load"; readonly id: ServableId; readonly path: string }
  | { readonly kind: "unload"; readonly payload: ServablePayload };

export interface LoaderSettings {
  readonly engines: EngineSettings;
  readonly intraOpThreads: number;
  readonly savedModelTags: readonly string[];
  /** Whether versions are asked their warmup requests before they are served. */
  readonly warmsUp: boolean;
  readonly warmupIterations: number;
  /** Whether imported versions are compared with TensorFlow in their warmup requests. */
  readonly verifiesWarmup: boolean;
  readonly checksMethodName: boolean;
  /** Whether models may read and write files that aren't their own. */
  readonly allowsFileOps: boolean;
  /** The folder where imported versions are kept; undefined for none. */
  readonly importCache?: string | undefined;
  /** Undefined if no requests are batched. */
  readonly batching?: BatchingOptions | undefined;
}

/** The answers, by kind of call; calls that aren't named answer nothing. */
export interface LoaderAnswers {
  readonly estimate: ResourceEstimate;
  readonly "is-complete": boolean;
  readonly load: ServablePayload;
}

/** What a thread says unasked: its log lines, and the series of metrics that it begins. */
export type ThreadNotice = LogNotice | SeriesNotice;

export interface SeriesNotice {
  readonly series: SeriesMemory;
}

/** A log line. */
export interface LogNotice {
  readonly severity: Severity;
  readonly component: string;
  readonly message: string;
  readonly fields?: LogFields | undefined;
}
