import type { ModelBatching } from "../batching/batching-servable.ts";
import type { SessionDescriptor, SharedWeights } from "../engines/engine.ts";
import type { NativeModel } from "../engines/tensorflow/saved-model.ts";
import type { Program } from "../import/program.ts";
import type { ServableId } from "../lifecycle/servable.ts";
import { internal } from "../status/status.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { Signature } from "../tensor/signature.ts";
import type { StateMemory } from "./servable-state.ts";

/**
 * A loaded version as it travels from the loader thread to the request workers: plain data. The native sessions that it
 * names belong to the loader, which frees them when every worker has let go.
 */
export type ServablePayload = ImportedPayload | TensorFlowPayload;

interface VersionPayload {
  readonly id: ServableId;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** A serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Uint8Array;
  /** How requests are run together; undefined if they aren't. */
  readonly batching?: ModelBatching | undefined;
}

/** A version that was imported, and is run by ONNX Runtime and TypeScript. */
export interface ImportedPayload extends VersionPayload, ImportedModel {
  readonly engine: "onnxruntime";
}

/** A payload that is known to be of an imported version. @throws StatusError INTERNAL for another. */
export function imported(payload: ServablePayload): ImportedPayload {
  if (payload.engine === "onnxruntime") return payload;
  throw internal(`Expected an imported version of ${payload.id.name}; it runs on ${payload.engine}`);
}

export interface ImportedModel {
  /** What runs each signature, by the signature's key. */
  readonly programs: ReadonlyMap<string, LoadedProgram>;
  /** What runs signatures with inputs of other shapes than declared, where that is possible. */
  readonly freePrograms: ReadonlyMap<string, FreeProgram>;
  /** The native sessions of all programs. Programs that compute the same share theirs. */
  readonly sessions: readonly LoadedSession[];
  /** The weights that sessions share, to be freed after the sessions. */
  readonly weights: SharedWeights | undefined;
  /** The tables and variables that the programs use. */
  readonly state: StateMemory;
}

/** A version that TensorFlow has loaded and runs. */
export interface TensorFlowPayload extends VersionPayload, TensorFlowModel {
  readonly engine: "tensorflow";
}

export interface TensorFlowModel {
  readonly model: NativeModel;
  /** What runs each signature, by the signature's key: all of the one native session of `model`. */
  readonly runs: ReadonlyMap<string, LoadedSession>;
  /** Nodes that no request may have run, as that would read or write files. */
  readonly fileNodes: ReadonlySet<string>;
}

export interface LoadedProgram {
  readonly program: Program;
  /** What the program's session steps run: positions among the payload's sessions. */
  readonly sessions: readonly number[];
}

export interface FreeProgram extends LoadedProgram {
  /** The shapes that it takes, in the order of the signature's inputs. */
  readonly shapes: readonly PartialShape[];
}

export interface LoadedSession {
  readonly session: SessionDescriptor;
  /** How long a run took at load, or undefined if the session could not be run with made-up inputs. */
  readonly probe: RunCost | undefined;
  /** As of the compiled session: it is never run on a thread that others wait for. */
  readonly isUnbounded: boolean;
}

/** What a run cost, to guess what others will. */
export interface RunCost {
  readonly microseconds: number;
  /** Elements of all inputs together. */
  readonly elements: number;
}
