import { type FlagRow, MOST_TIMER_SECONDS } from "./flag-row.ts";

/** The flags that TensorFlow Serving doesn't have, but for limits. */
export const ownFlags = [
  {
    name: "engine",
    type: "string",
    defaultValue: "auto",
    choices: ["auto", "onnxruntime", "tensorflow"],
    group: "Beyond TensorFlow Serving",
    help:
      "What runs models: the importer with ONNX Runtime, or TensorFlow itself. auto takes the first where it covers every " +
      "signature of a model, else TensorFlow if it is installed.",
  },
  {
    name: "verify_engine",
    type: "string",
    defaultValue: "none",
    choices: ["none", "warmup"],
    group: "Beyond TensorFlow Serving",
    help:
      "warmup: an imported version is asked its warmup requests on TensorFlow, too, if that is installed, and TensorFlow " +
      "serves it if the answers differ.",
  },
  {
    name: "servable_config_file",
    type: "string",
    defaultValue: "",
    group: "Beyond TensorFlow Serving",
    help: "A ServableConfig in protobuf's text format: what single models have of their own, such as their engine.",
  },
  {
    name: "tensorflow_library",
    type: "string",
    defaultValue: "",
    group: "Beyond TensorFlow Serving",
    help:
      "TensorFlow's library with the C API, or a folder that holds it, e.g. of Python's package tensorflow. Default: that " +
      "of the Python package that is found, else the one that 'servable engine install' has installed.",
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
    least: 0,
    group: "Beyond TensorFlow Serving",
    help:
      "A version is not loaded before nothing in its folder has changed for so long, unless a fingerprint.pb shows that " +
      "all of it is there; 0: at once.",
  },
  {
    name: "total_model_memory_limit_bytes",
    type: "int",
    defaultValue: 0,
    least: 0,
    group: "Beyond TensorFlow Serving",
    help: "How much memory all models together may take; one for which too little is left is not loaded. 0: what the machine or the container has.",
  },
  {
    name: "auto_batching",
    type: "bool",
    defaultValue: false,
    group: "Beyond TensorFlow Serving",
    help:
      "Run requests for the same signature that wait at the same time together, without delay and without parameters, where " +
      "a try at load shows that it changes no answer and pays.",
  },
  {
    name: "allow_file_ops",
    type: "bool",
    defaultValue: false,
    group: "Beyond TensorFlow Serving",
    help:
      "Serve models that read or write files, other than their own variables and assets, when they are loaded or asked. " +
      "Such a model can do with files whatever the server can.",
  },
  {
    name: "import_cache_dir",
    type: "string",
    defaultValue: "auto",
    group: "Beyond TensorFlow Serving",
    help:
      "The folder where imported models are kept, so that later starts needn't import them; auto for one in the user's " +
      "cache folder, empty for none.",
  },
  {
    name: "lazy_load",
    type: "bool",
    defaultValue: false,
    group: "Beyond TensorFlow Serving",
    help:
      "Load a version when the first request for it comes, which then waits; if the memory limit is reached, versions that " +
      "weren't asked for the longest are unloaded.",
  },
  {
    name: "unload_idle_seconds",
    type: "int",
    defaultValue: 0,
    least: 0,
    group: "Beyond TensorFlow Serving",
    help: "With --lazy_load: unload a version when so long no request has come for it; 0: never, unless its memory is needed.",
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
    least: 0,
    group: "Beyond TensorFlow Serving",
    help: "How many threads answer requests; 0: one per core.",
  },
  {
    name: "drain_timeout_seconds",
    type: "int",
    defaultValue: 30,
    least: 0,
    most: MOST_TIMER_SECONDS,
    group: "Beyond TensorFlow Serving",
    help: "How long requests in flight may take to finish after SIGTERM or SIGINT.",
  },
  {
    name: "request_log_max_file_bytes",
    type: "int",
    defaultValue: 134_217_728,
    least: 1,
    group: "Beyond TensorFlow Serving",
    help: "A file of a request log (logging_config of a model) that would become longer is followed by another.",
  },
  {
    name: "request_log_max_file_seconds",
    type: "int",
    defaultValue: 3600,
    least: 1,
    group: "Beyond TensorFlow Serving",
    help: "The same for one that is so old.",
  },
  {
    name: "request_log_max_files",
    type: "int",
    defaultValue: 0,
    least: 0,
    group: "Beyond TensorFlow Serving",
    help: "How many files of a request log are kept: the oldest are deleted. 0: all are kept.",
  },
  {
    name: "request_log_buffer_bytes",
    type: "int",
    defaultValue: 67_108_864,
    least: 0,
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
