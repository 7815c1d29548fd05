import { exponentialBounds, type Metric } from "./metric.ts";

// Names, labels, help texts' sense and bounds of the first part: tensorflow/serving's servables/tensorflow/util.cc,
// saved_model_warmup_util.cc, core/request_logger.cc and batching/batching_session.cc; tensorflow's
// cc/saved_model/loader.cc and core/framework/metrics.cc. Names are as util/prometheus_exporter.cc writes them.

/** In microseconds: about 20 minutes in 33 buckets. */
const LATENCY_MICROSECONDS = exponentialBounds(10, 1.8, 33);

/** In seconds, for what takes from 50 microseconds to a minute. */
const SECONDS = [
  0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
  30, 60,
];

const SIGNATURE = ["model", "version", "signature"] as const;
const REQUEST = [...SIGNATURE, "api", "protocol"] as const;

/** TensorFlow Serving's, sorted by name as its page is. */
const TENSORFLOW = [
  {
    name: ":tensorflow:cc:saved_model:load_attempt_count",
    type: "counter",
    labels: ["model_path", "status"],
    help: "Loads of SavedModels that ended, by their end: success or fail.",
  },
  {
    name: ":tensorflow:cc:saved_model:load_latency",
    type: "counter",
    labels: ["model_path"],
    help: "Microseconds that loads of SavedModels took which succeeded.",
  },
  {
    name: ":tensorflow:core:graph_build_calls",
    type: "counter",
    labels: [],
    help: "Signatures that were compiled for running.",
  },
  {
    name: ":tensorflow:core:graph_build_time_usecs",
    type: "counter",
    labels: [],
    help: "Microseconds that it took to read and compile models.",
  },
  {
    name: ":tensorflow:core:graph_run_input_tensor_bytes",
    type: "histogram",
    labels: [],
    help: "Bytes of all inputs of a run.",
    bounds: exponentialBounds(1, 4, 20),
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:core:graph_run_output_tensor_bytes",
    type: "histogram",
    labels: [],
    help: "Bytes of all outputs of a run.",
    bounds: exponentialBounds(1, 4, 14),
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:core:graph_run_time_usecs",
    type: "counter",
    labels: [],
    help: "Microseconds that all runs of models took together.",
  },
  {
    name: ":tensorflow:core:graph_run_time_usecs_histogram",
    type: "histogram",
    labels: [],
    help: "Microseconds that a run of a model took.",
    bounds: exponentialBounds(1000, 2, 20),
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:core:graph_runs",
    type: "counter",
    labels: [],
    help: "Runs of models.",
  },
  {
    name: ":tensorflow:serving:batching_session:queuing_latency",
    type: "histogram",
    labels: ["thread_pool_name"],
    help: "Microseconds that a request waited for its batch to begin.",
    bounds: exponentialBounds(100, 1.2, 52),
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:serving:batching_session:wrapped_run_count",
    type: "counter",
    labels: [],
    help: "Batches that were run.",
  },
  {
    name: ":tensorflow:serving:model_warmup_latency",
    type: "histogram",
    labels: ["model_path", "status"],
    help: "Microseconds that the warmup requests of a model took.",
    bounds: LATENCY_MICROSECONDS,
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:serving:request_count",
    type: "counter",
    labels: ["model_name", "status"],
    help: "Requests that were answered, by the status of the answer.",
  },
  {
    name: ":tensorflow:serving:request_example_count_total",
    type: "counter",
    labels: ["model"],
    help: "Examples of all requests together.",
  },
  {
    name: ":tensorflow:serving:request_example_counts",
    type: "histogram",
    labels: ["model"],
    help: "Examples of a request.",
    bounds: exponentialBounds(1, 2, 15),
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:serving:request_latency",
    type: "histogram",
    labels: ["model_name", "API", "entrypoint"],
    help: "Microseconds from a request to its answer, of requests that were answered with success.",
    bounds: LATENCY_MICROSECONDS,
    boundsExcluded: true,
  },
  {
    name: ":tensorflow:serving:request_log_count",
    type: "counter",
    labels: ["model_name", "status_code"],
    help: "Requests that were logged, by the status of logging them.",
  },
  {
    name: ":tensorflow:serving:runtime_latency",
    type: "histogram",
    labels: ["model_name", "API", "runtime"],
    help: "Microseconds that the model's run took of a request.",
    bounds: LATENCY_MICROSECONDS,
    boundsExcluded: true,
  },
] as const satisfies readonly Metric[];

/** Our own, by what they are about; names and units as Prometheus wants them. */
const SERVABLE = [
  {
    name: "servable_build_info",
    type: "gauge",
    labels: ["version"],
    help: "1, of the program's version.",
  },
  {
    name: "servable_requests_total",
    type: "counter",
    labels: [...REQUEST, "code"],
    help: "Requests that were answered, by the status code; all but OK are errors. What a failed request didn't get to say is empty.",
  },
  {
    name: "servable_requests_in_flight",
    type: "gauge",
    labels: REQUEST,
    help: "Requests whose model was asked to run and that aren't answered yet.",
  },
  {
    name: "servable_request_seconds",
    type: "histogram",
    labels: REQUEST,
    help: "Seconds from a whole request to its answer, in this server.",
    bounds: SECONDS,
  },
  {
    name: "servable_request_phase_seconds",
    type: "histogram",
    labels: [...REQUEST, "phase"],
    help: "Seconds of a request's phases: parse (decode and check), queue (wait for a batch), run, encode.",
    bounds: SECONDS,
  },
  {
    name: "servable_request_batch_size",
    type: "histogram",
    labels: REQUEST,
    help: "Examples of a request: the first dimension of its first input.",
    bounds: exponentialBounds(1, 2, 14),
  },
  {
    name: "servable_request_bytes_total",
    type: "counter",
    labels: REQUEST,
    help: "Bytes of requests, without headers.",
  },
  {
    name: "servable_response_bytes_total",
    type: "counter",
    labels: REQUEST,
    help: "Bytes of answers, without headers, as they are before compression.",
  },
  {
    name: "servable_batch_queue_depth",
    type: "gauge",
    labels: SIGNATURE,
    help: "Requests that wait for their batch to begin.",
  },
  {
    name: "servable_batch_size",
    type: "histogram",
    labels: SIGNATURE,
    help: "Examples of a batch that was run, those that pad it not counted.",
    bounds: exponentialBounds(1, 2, 14),
  },
  {
    name: "servable_batch_padding_rows_total",
    type: "counter",
    labels: SIGNATURE,
    help: "Examples that were added to batches to give them an allowed size.",
  },
  {
    name: "servable_version_available",
    type: "gauge",
    labels: ["model", "version"],
    help: "1 for a version that serves, 0 for one that is on its way there, or from there, or has failed.",
  },
  {
    name: "servable_version_memory_bytes",
    type: "gauge",
    labels: ["model", "version"],
    help: "Memory that is set aside for a version: what its files take.",
  },
  {
    name: "servable_version_load_seconds",
    type: "gauge",
    labels: ["model", "version"],
    help: "Seconds that it took to read, compile and warm up a version.",
  },
  {
    name: "servable_loads_total",
    type: "counter",
    labels: ["model", "code"],
    help: "Loads of versions that ended, retries counted each, by the status code.",
  },
  {
    name: "servable_workers",
    type: "gauge",
    labels: [],
    help: "Threads that answer requests.",
  },
  {
    name: "servable_worker_restarts_total",
    type: "counter",
    labels: [],
    help: "Request workers that died and got a successor.",
  },
  {
    name: "servable_worker_busy_seconds_total",
    type: "counter",
    labels: ["worker"],
    help: "Seconds that a request worker wasn't waiting for anything: its rate is how busy the thread is, from 0 to 1.",
  },
  {
    name: "process_cpu_seconds_total",
    type: "counter",
    labels: [],
    help: "CPU time of all threads, in the system and out of it.",
  },
  {
    name: "process_resident_memory_bytes",
    type: "gauge",
    labels: [],
    help: "Memory that the process has resident.",
  },
  {
    name: "process_start_time_seconds",
    type: "gauge",
    labels: [],
    help: "When the process started, in seconds since 1970.",
  },
  {
    name: "process_open_fds",
    type: "gauge",
    labels: [],
    help: "File descriptors that are open, on Linux.",
  },
] as const satisfies readonly Metric[];

/** What the names of TensorFlow Serving's metrics begin with. */
export const TENSORFLOW_PREFIX = ":tensorflow:";

type Row = (typeof TENSORFLOW)[number] | (typeof SERVABLE)[number];
export type MetricName = Row["name"];

/** Every metric there is. Adding one is a row here, a row in docs/reference/metrics.md, and what updates it. */
export const catalogue: readonly (Metric & { readonly name: MetricName })[] = [...TENSORFLOW, ...SERVABLE];

export const tensorflowMetrics: readonly MetricName[] = TENSORFLOW.map(({ name }) => name);
export const servableMetrics: readonly MetricName[] = SERVABLE.map(({ name }) => name);

const BY_NAME: ReadonlyMap<string, Metric> = new Map(catalogue.map((row) => [row.name, row]));

export function metricNamed(name: MetricName): Metric {
  return BY_NAME.get(name)!;
}

/**
 * The metric that TensorFlow's own registry calls by a path such as `/tensorflow/core/graph_runs`; or by the name that
 * Prometheus sees.
 */
export function findMetric(name: string): MetricName | undefined {
  return BY_NAME.get(name.replaceAll("/", ":"))?.name as MetricName | undefined;
}
