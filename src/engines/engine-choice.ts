/** Which engine a model is to run on. `auto`: the importer and ONNX Runtime if they cover it all, else TensorFlow. */
export type EngineChoice = "auto" | "onnxruntime" | "tensorflow";

/** What a server was told about engines. */
export interface EngineSettings {
  /** For models that have no choice of their own. */
  readonly choice: EngineChoice;
  /** By the models' names. */
  readonly models: ReadonlyMap<string, EngineChoice>;
  /** --tensorflow_library: a file or a folder; empty to look for one. */
  readonly tensorflowLibrary: string;
  readonly tensorflowSessions: TensorFlowSessions;
}

/** How TensorFlow's sessions are to be; numbers that are 0 leave it to what `config` says, or to TensorFlow. */
export interface TensorFlowSessions {
  /** A serialized tensorflow.ConfigProto; may be empty. */
  readonly config: Uint8Array;
  /** Threads that one operation may use. Thread pools are the process's: its first session decides. */
  readonly intraOpThreads: number;
  /** Operations that may run at a time. */
  readonly interOpThreads: number;
  /** The part of a GPU's memory that is taken, up to 1. */
  readonly gpuMemoryFraction: number;
}

export const DEFAULT_SESSIONS: TensorFlowSessions = {
  config: new Uint8Array(0),
  intraOpThreads: 0,
  interOpThreads: 0,
  gpuMemoryFraction: 0,
};

/** Everything is imported. */
export const IMPORT_ONLY: EngineSettings = {
  choice: "onnxruntime",
  models: new Map(),
  tensorflowLibrary: "",
  tensorflowSessions: DEFAULT_SESSIONS,
};
