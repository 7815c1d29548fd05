import type { Cancellation } from "../status/cancellation.ts";
import type { DType } from "../tensor/dtype.ts";
import type { PartialShape, Shape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * What runs native sessions, whatever they were made of. The calls come from several threads:
 *
 * - sessions are made and destroyed on a loader thread.
 * - `attach` on any thread, any number of times per session, with the descriptor as `postMessage` delivered it.
 * - `destroy` exactly once per native session, and only after every attached session was released.
 *
 * Every engine passes `engine-contract.ts`. How sessions come to be is each engine's own: see {@link OnnxEngine} and
 * `tensorflow/engine.ts`.
 */
export interface Engine {
  readonly name: string;
  /** This thread's handle on a session that any thread created. Cheap. */
  attach(descriptor: SessionDescriptor): Session;
  /** Frees the native session and everything it owns. */
  destroy(descriptor: SessionDescriptor): void;
}

/**
 * An engine that makes sessions of ONNX models, on a loader thread. Every one passes `onnx-contract.ts` besides.
 * `releaseWeights` is called after every session that was created with the weights was destroyed.
 */
export interface OnnxEngine extends Engine {
  /**
   * Compiles a model, which may take seconds. Resolves to plain data that names the process-wide native session.
   * @param threads which threads an operator is spread over: the engine's, or only the one that calls. Default: the
   * engine's.
   * @param shared weights that the session uses where they lie; the model's others it reads into memory of its own.
   * @throws StatusError INVALID_ARGUMENT if the engine can't take the model; its message says why.
   */
  create(
    model: EngineModel,
    threads?: OperatorThreads,
    shared?: SharedWeights,
  ): Promise<OnnxSessionDescriptor>;
  /** Reads weights into memory that any number of sessions use. Throws what a weight's `read` throws. */
  shareWeights(weights: readonly Weight[]): SharedWeights;
  releaseWeights(shared: SharedWeights): void;
}

export type OperatorThreads = "engine" | "caller";

/** An ONNX model whose large initializers are kept outside of it. */
export interface EngineModel {
  /** A serialized onnx.ModelProto. Initializers named in `weights` have data_location EXTERNAL in it. */
  readonly graph: Uint8Array;
  readonly weights: readonly Weight[];
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
}

/** A constant too large to copy around: the engine allocates, the owner of the bytes fills. */
export interface Weight {
  readonly name: string;
  /** Equal for weights of one model that hold the same. */
  readonly key: string;
  readonly use: WeightUse;
  readonly dtype: DType;
  readonly shape: Shape;
  /** Writes the little-endian, row-major elements into `target`, which is exactly as long as they are. */
  readonly read: (target: Uint8Array) => void;
}

/**
 * How a session's kernels use a weight: where it lies; in a layout of their own, of which sessions with shared weights need
 * one; or in ways that make a copy of each session's own, so that sharing the original only adds to it.
 */
export type WeightUse = "in place" | "packed" | "own";

/** Plain, structured-clonable data that names weights in native memory. */
export interface SharedWeights {
  readonly engine: string;
  /** The addresses of the engine's tensors, by the weights' keys. */
  readonly tensors: ReadonlyMap<string, bigint>;
  /** The addresses of their elements. */
  readonly buffers: readonly bigint[];
  /** The address of what the engine keeps the weights' other layouts in. */
  readonly layouts: bigint;
}

export interface SessionTensor {
  readonly name: string;
  readonly dtype: DType;
  /** -1: a dimension known only when run. `undefined`: unknown rank. */
  readonly shape: PartialShape;
}

/** Plain, structured-clonable data: how threads hand a native session to each other. */
export interface SessionDescriptor {
  readonly engine: string;
  /** The address of the native session. */
  readonly handle: bigint;
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
}

export interface OnnxSessionDescriptor extends SessionDescriptor {
  /** Bytes of native memory that the weights take; an estimate. */
  readonly weightBytes: number;
}

/**
 * One thread's use of a native session. Not reentrant across threads, but `runAsync` may be called again before an
 * earlier call has resolved.
 */
export interface Session {
  readonly inputs: readonly SessionTensor[];
  readonly outputs: readonly SessionTensor[];
  /**
   * Runs on the calling thread, which waits.
   * @param inputs one tensor per entry of `this.inputs`, in that order; not changed, not kept after the call. Whether a
   * shape may differ from the declared one is the engine's affair; if it may, the model's ops decide.
   * @param outputs indexes into `this.outputs`: what to compute, in the order in which it is wanted.
   * @throws StatusError with the engine's message if the run fails (INVALID_ARGUMENT for bad inputs).
   */
  run(inputs: readonly Tensor[], outputs: readonly number[]): RunResult;
  /**
   * The same on a thread of the engine's. Rejects as `run` throws. The inputs must not change until it settles.
   * @param cancellation ends the run soon after no one waits for it any more: it then rejects with CANCELLED, unless it is
   * done. Default: it runs to its end.
   */
  runAsync(
    inputs: readonly Tensor[],
    outputs: readonly number[],
    cancellation?: Cancellation,
  ): Promise<RunResult>;
  /** Ends this thread's use. No call may follow; none may be under way. */
  release(): void;
}

/** The owner of a run's outputs. */
export interface RunResult {
  /** May be views of native memory: valid until `dispose`. */
  readonly tensors: readonly Tensor[];
  /** How long the run waited for its turn, in milliseconds; undefined if it didn't. */
  readonly queuedMilliseconds?: number | undefined;
  /** Frees the outputs. Call it once, after the last look at `tensors`. */
  dispose(): void;
}

/** Part of a graph to run: tensors to feed and to fetch, and nodes to run besides, by their names there. */
export interface GraphRun {
  readonly feeds: ReadonlyMap<string, Tensor>;
  readonly fetches: readonly string[];
  readonly targets: readonly string[];
}
