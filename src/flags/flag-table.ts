/** What a flag's text is read as. `int` is a whole number within 53 bits, `float` any finite number. */
export type FlagType = "string" | "int" | "float" | "bool";

export interface FlagRow {
  readonly name: string;
  readonly type: FlagType;
  readonly defaultValue: string | number | boolean;
  readonly group: FlagGroup;
  /** The only values there are; any, if there is none. */
  readonly choices?: readonly string[];
  /** Of a flag that is taken, and then makes no difference: why. */
  readonly noEffect?: string;
  /** One sentence or two; --help adds the default. */
  readonly help: string;
}

/** The headings of --help, in its order. Those of the last group are not TensorFlow Serving's. */
export const FLAG_GROUPS = [
  "Models",
  "Listening",
  "Loading",
  "Batching",
  "General",
  "Accelerators",
  "Beyond TensorFlow Serving",
] as const;
export type FlagGroup = (typeof FLAG_GROUPS)[number];

/** Every flag of the server. Adding one is a row here and its use; the types follow. */
export const flagTable = [
  {
    name: "model_name",
    type: "string",
    defaultValue: "default",
    group: "Models",
    help: "The name under which clients ask for the model.",
  },
  {
    name: "model_base_path",
    type: "string",
    defaultValue: "",
    group: "Models",
    help: "The folder that has a folder for each version of the model (/models/mnist for /models/mnist/1).",
  },
  {
    name: "model_config_file",
    type: "string",
    defaultValue: "",
    group: "Models",
    help:
      "A ModelServerConfig in protobuf's text format: several models, version policies, labels. With it, --model_name " +
      "and --model_base_path are ignored.",
  },
  {
    name: "model_config_file_poll_wait_seconds",
    type: "int",
    defaultValue: 0,
    group: "Models",
    help: "Seconds between two looks into --model_config_file for changes. 0 or less: read once, at the start.",
  },
  {
    name: "allow_version_labels_for_unavailable_models",
    type: "bool",
    defaultValue: false,
    group: "Models",
    help: "Let new version labels point to versions that aren't available yet; needed for labels at the start.",
  },
  {
    name: "saved_model_tags",
    type: "string",
    defaultValue: "serve",
    group: "Models",
    help: "Which of a SavedModel's graphs to serve: its tags, separated by commas.",
  },
  {
    name: "port",
    type: "int",
    defaultValue: 8500,
    group: "Listening",
    help: "The port for gRPC; 0 for none.",
  },
  {
    name: "grpc_socket_path",
    type: "string",
    defaultValue: "",
    group: "Listening",
    help: "The path of a unix socket for gRPC, besides the port.",
  },
  {
    name: "ssl_config_file",
    type: "string",
    defaultValue: "",
    group: "Listening",
    help: "A file with an SSLConfig as protobuf text, which holds PEM: gRPC is served over TLS, with certificates that are read again when the file changes.",
  },
  {
    name: "rest_api_port",
    type: "int",
    defaultValue: 0,
    group: "Listening",
    help: "The port for HTTP/REST; 0 for none.",
  },
  {
    name: "rest_api_timeout_in_ms",
    type: "int",
    defaultValue: 30000,
    group: "Listening",
    help: "How many milliseconds a REST request may take; 0 or less for as long as it takes.",
  },
  {
    name: "rest_api_num_threads",
    type: "int",
    defaultValue: 0,
    group: "Listening",
    help: "Without effect: the threads that --request_workers counts answer REST and gRPC alike.",
  },
  {
    name: "rest_api_enable_cors_support",
    type: "bool",
    defaultValue: false,
    group: "Listening",
    help: "Let web pages of any origin call the REST API: add CORS headers to its replies.",
  },
  {
    name: "file_system_poll_wait_seconds",
    type: "int",
    defaultValue: 1,
    group: "Loading",
    help: "Seconds between two looks for new versions. 0: look once, at the start. Negative: never look.",
  },
  {
    name: "num_unload_threads",
    type: "int",
    defaultValue: 0,
    group: "Loading",
    help: "How many models may be unloaded at a time.",
    noEffect: "no unload ever waits for another, or holds up a request",
  },
  {
    name: "flush_filesystem_caches",
    type: "bool",
    defaultValue: true,
    group: "Loading",
    help: "Give back the memory in which the system keeps the files of loaded models.",
    noEffect: "model files are read once, and the system takes that memory back by itself",
  },
  {
    name: "remove_unused_fields_from_bundle_metagraph",
    type: "bool",
    defaultValue: true,
    group: "Loading",
    help: "Drop what of a model's graph isn't needed any more.",
    noEffect: "no graph is kept once it is loaded",
  },
  {
    name: "max_num_load_retries",
    type: "int",
    defaultValue: 5,
    group: "Loading",
    help: "How often a load that failed is tried again.",
  },
  {
    name: "load_retry_interval_micros",
    type: "int",
    defaultValue: 60_000_000,
    group: "Loading",
    help: "Microseconds between two tries to load.",
  },
  {
    name: "num_load_threads",
    type: "int",
    defaultValue: 0,
    group: "Loading",
    help: "How many models may be loaded at a time; 0: one per core.",
  },
  {
    name: "enable_model_warmup",
    type: "bool",
    defaultValue: true,
    group: "Loading",
    help: "Ask a version what its assets.extra/tf_serving_warmup_requests holds before it serves.",
  },
  {
    name: "num_request_iterations_for_warmup",
    type: "int",
    defaultValue: 0,
    group: "Loading",
    help: "How often each warmup request is asked; 0: once.",
  },
  {
    name: "enable_batching",
    type: "bool",
    defaultValue: false,
    group: "Batching",
    help: "Run requests that come at the same time together, as one batch.",
  },
  {
    name: "batching_parameters_file",
    type: "string",
    defaultValue: "",
    group: "Batching",
    help:
      "BatchingParameters in protobuf's text format: how large batches get, how long they wait, how many wait and run. " +
      "Needs --enable_batching.",
  },
  {
    name: "enable_per_model_batching_parameters",
    type: "bool",
    defaultValue: false,
    group: "Batching",
    help:
      "Take the parameters from batching_params.pbtxt in each version's folder; a version without isn't batched. Of the " +
      "server's file only num_batch_threads counts then.",
  },
  {
    name: "tensorflow_session_parallelism",
    type: "int",
    defaultValue: 0,
    group: "General",
    help: "Stands for --tensorflow_intra_op_parallelism, where that is 0.",
  },
  {
    name: "tensorflow_intra_op_parallelism",
    type: "int",
    defaultValue: 0,
    group: "General",
    help: "How many threads one operation of a model may use, for all models together; 0: one per core.",
  },
  {
    name: "tensorflow_inter_op_parallelism",
    type: "int",
    defaultValue: 0,
    group: "General",
    help: "How many operations of a request may run at a time.",
    noEffect: "they run one after the other, each on all threads",
  },
  {
    name: "tensorflow_session_config_file",
    type: "string",
    defaultValue: "",
    group: "General",
    help: "A ConfigProto in protobuf's text format; of it, intra_op_parallelism_threads is used, where no flag sets it.",
  },
  {
    name: "platform_config_file",
    type: "string",
    defaultValue: "",
    group: "General",
    help: "A PlatformConfigMap in protobuf's text format. Of the platform \"tensorflow\" its tags, threads, batching and warmup are used, in the place of the flags'.",
  },
  {
    name: "grpc_channel_arguments",
    type: "string",
    defaultValue: "",
    group: "Listening",
    help: "Settings of the gRPC server, as name=value, separated by commas: grpc.max_concurrent_streams, grpc.max_receive_message_length, grpc.max_connection_age_ms, grpc.max_connection_age_grace_ms, grpc.max_connection_idle_ms.",
  },
  {
    name: "use_alts_credentials",
    type: "bool",
    defaultValue: false,
    group: "Listening",
    help: "Encrypt gRPC with Google's ALTS. There is no such thing here: a server that is asked for it doesn't start.",
  },
  {
    name: "grpc_max_threads",
    type: "int",
    defaultValue: 0,
    group: "Listening",
    help: "The most threads that answer gRPC calls; calls beyond that are refused.",
    noEffect: "calls that come while all workers are busy wait; see --request_workers",
  },
  {
    name: "per_process_gpu_memory_fraction",
    type: "float",
    defaultValue: 0,
    group: "Accelerators",
    help: "The part of a GPU's memory that is taken, 0.0 to 1.0.",
    noEffect: "models run on the CPU",
  },
  {
    name: "xla_cpu_compilation_enabled",
    type: "bool",
    defaultValue: false,
    group: "Accelerators",
    help: "Compile models with XLA for the CPU.",
    noEffect: "ONNX Runtime optimizes every model",
  },
  {
    name: "xla_gpu_compilation_enabled",
    type: "bool",
    defaultValue: false,
    group: "Accelerators",
    help: "Compile models with XLA for GPUs.",
    noEffect: "models run on the CPU",
  },
  {
    name: "mixed_precision",
    type: "string",
    defaultValue: "",
    group: "Accelerators",
    help: 'Run parts of a model with fewer bits ("bfloat16").',
    noEffect: "models compute with the types that they were exported with",
  },
  {
    name: "skip_initialize_tpu",
    type: "bool",
    defaultValue: false,
    group: "Accelerators",
    help: "Leave TPUs as they are.",
    noEffect: "models run on the CPU",
  },
  {
    name: "prefer_tflite_model",
    type: "bool",
    defaultValue: false,
    group: "Accelerators",
    help: "Serve model.tflite of a version's folder where there is one.",
    noEffect: "no TensorFlow Lite model is served: the SavedModel beside it is",
  },
  {
    name: "num_tflite_pools",
    type: "int",
    defaultValue: 1,
    group: "Accelerators",
    help: "How many pools of TensorFlow Lite interpreters a model has.",
    noEffect: "no TensorFlow Lite model is served: the SavedModel beside it is",
  },
  {
    name: "num_tflite_interpreters_per_pool",
    type: "int",
    defaultValue: 1,
    group: "Accelerators",
    help: "How many interpreters a pool has.",
    noEffect: "no TensorFlow Lite model is served: the SavedModel beside it is",
  },
  {
    name: "thread_pool_factory_config_file",
    type: "string",
    defaultValue: "",
    group: "General",
    help: "A ThreadPoolFactoryConfig in protobuf's text format.",
    noEffect: "all models share the threads of --tensorflow_intra_op_parallelism",
  },
  {
    name: "enable_serialization_as_tensor_content",
    type: "bool",
    defaultValue: false,
    group: "General",
    help: "Answer over gRPC with tensor_content in place of the typed fields.",
  },
  {
    name: "enable_signature_method_name_check",
    type: "bool",
    defaultValue: false,
    group: "General",
    help: "Refuse Classify and Regress requests for signatures whose method name is another, as TF2's are.",
  },
  {
    name: "enable_grpc_healthcheck_service",
    type: "bool",
    defaultValue: false,
    group: "Listening",
    help: "Answer grpc.health.v1.Health, for the server, for a model (MODEL) and for a version (MODEL/VERSION).",
  },
  {
    name: "monitoring_config_file",
    type: "string",
    defaultValue: "",
    group: "General",
    help: "A MonitoringConfig in protobuf's text format: the path of a page for Prometheus on the REST port.",
  },
  {
    name: "enable_profiler",
    type: "bool",
    defaultValue: true,
    group: "General",
    help: "Answer ProfilerService: TensorBoard's profile plugin may ask what the server does.",
  },
  {
    name: "version",
    type: "bool",
    defaultValue: false,
    group: "General",
    help: "Print the version and exit.",
  },
  {
    name: "help",
    type: "bool",
    defaultValue: false,
    group: "General",
    help: "Print this and exit.",
  },
  {
    name: "wait_for_models",
    type: "string",
    defaultValue: "all",
    choices: ["all", "any", "none"],
    group: "Beyond TensorFlow Serving",
    help:
      "What the ports stay closed for: until all models serve, where one that can't ends the server; until any one " +
      "serves; or for nothing.",
  },
  {
    name: "settle_milliseconds",
    type: "int",
    defaultValue: 1000,
    group: "Beyond TensorFlow Serving",
    help:
      "A version is not loaded before nothing in its folder has changed for so long, unless a fingerprint.pb shows that " +
      "all of it is there; 0: at once.",
  },
  {
    name: "total_model_memory_limit_bytes",
    type: "int",
    defaultValue: 0,
    group: "Beyond TensorFlow Serving",
    help: "How much memory all models together may take; one for which too little is left is not loaded. 0: what the machine or the container has.",
  },
  {
    name: "log_format",
    type: "string",
    defaultValue: "text",
    choices: ["text", "json"],
    group: "Beyond TensorFlow Serving",
    help: "How log lines are written: as TensorFlow does, or an object each, for programs to read.",
  },
  {
    name: "metrics_path",
    type: "string",
    defaultValue: "",
    group: "Beyond TensorFlow Serving",
    help: "The path of a page for Prometheus on the REST port with the servable_* metrics; empty for none.",
  },
  {
    name: "bind_address",
    type: "string",
    defaultValue: "0.0.0.0",
    group: "Beyond TensorFlow Serving",
    help: "The address or host name to listen on.",
  },
  {
    name: "rest_api_socket_path",
    type: "string",
    defaultValue: "",
    group: "Beyond TensorFlow Serving",
    help: "The path of a unix socket for HTTP/REST, besides the port.",
  },
  {
    name: "rest_api_ssl_config_file",
    type: "string",
    defaultValue: "",
    group: "Beyond TensorFlow Serving",
    help: "As --ssl_config_file, for HTTP/REST.",
  },
  {
    name: "rest_api_response_compression",
    type: "string",
    defaultValue: "none",
    group: "Beyond TensorFlow Serving",
    help: "What REST replies of 1 KiB and more are compressed with where the client takes it: gzip, zstd or zstd,gzip, the best first; none for never.",
  },
  {
    name: "rest_api_server_timing",
    type: "bool",
    defaultValue: false,
    group: "Beyond TensorFlow Serving",
    help: "Tell in a Server-Timing header of each REST reply how many milliseconds parsing, waiting, running and encoding took.",
  },
  {
    name: "request_workers",
    type: "int",
    defaultValue: 0,
    group: "Beyond TensorFlow Serving",
    help: "How many threads answer requests; 0: one per core.",
  },
  {
    name: "drain_timeout_seconds",
    type: "int",
    defaultValue: 30,
    group: "Beyond TensorFlow Serving",
    help: "How long requests in flight may take to finish after SIGTERM or SIGINT.",
  },
  {
    name: "request_log_max_file_bytes",
    type: "int",
    defaultValue: 134_217_728,
    group: "Beyond TensorFlow Serving",
    help: "A file of a request log (logging_config of a model) that would become longer is followed by another.",
  },
  {
    name: "request_log_max_file_seconds",
    type: "int",
    defaultValue: 3600,
    group: "Beyond TensorFlow Serving",
    help: "The same for one that is so old.",
  },
  {
    name: "request_log_max_files",
    type: "int",
    defaultValue: 0,
    group: "Beyond TensorFlow Serving",
    help: "How many files of a request log are kept: the oldest are deleted. 0: all are kept.",
  },
  {
    name: "request_log_buffer_bytes",
    type: "int",
    defaultValue: 67_108_864,
    group: "Beyond TensorFlow Serving",
    help: "How much of request logs may wait to be written; beyond it, requests are answered and not logged.",
  },
  {
    name: "example",
    type: "bool",
    defaultValue: false,
    group: "Beyond TensorFlow Serving",
    help: "Serve the bundled example, a classifier of handwritten digits, unless --model_base_path is given.",
  },
] as const satisfies readonly FlagRow[];

type Row = (typeof flagTable)[number];
type ValueOf<R extends FlagRow> = R["type"] extends "int" | "float"
  ? number
  : R["type"] extends "bool"
    ? boolean
    : string;

/** A complete set of flags. */
export type Flags = { readonly [R in Row as R["name"]]: ValueOf<R> };
