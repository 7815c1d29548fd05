import koffi, { type KoffiFunc, type LibraryHandle } from "koffi";
import { failedPrecondition } from "../../status/status.ts";

/** A pointer to something that lives in C. */
export type Pointer = bigint;
/** What may be passed where C wants a pointer: an address, or memory of ours for the time of the call. */
export type Memory = Pointer | ArrayBufferView | null;

/** The functions of TensorFlow's C API that are used, by their names there. */
export interface TensorFlowApi {
  readonly TF_Version: () => string;
  readonly TF_NewStatus: () => Pointer;
  readonly TF_DeleteStatus: (status: Pointer) => void;
  readonly TF_GetCode: (status: Pointer) => number;
  readonly TF_Message: (status: Pointer) => string;
  readonly TF_NewBufferFromString: (bytes: Memory, length: number) => Pointer;
  readonly TF_DeleteBuffer: (buffer: Pointer) => void;
  readonly TF_NewSessionOptions: () => Pointer;
  readonly TF_SetConfig: (options: Pointer, config: Memory, length: number, status: Pointer) => void;
  readonly TF_DeleteSessionOptions: (options: Pointer) => void;
  readonly TF_NewGraph: () => Pointer;
  readonly TF_DeleteGraph: (graph: Pointer) => void;
  readonly TF_GraphOperationByName: (graph: Pointer, name: string) => Pointer | null;
  readonly TF_OperationNumOutputs: (operation: Pointer) => number;
  readonly TF_OperationOutputType: (output: { readonly oper: Pointer; readonly index: number }) => number;
  readonly TF_LoadSessionFromSavedModel: (
    options: Pointer,
    runOptions: Pointer | null,
    directory: string,
    tags: Memory,
    tagCount: number,
    graph: Pointer,
    metaGraph: Pointer | null,
    status: Pointer,
  ) => Pointer | null;
  readonly TF_CloseSession: (session: Pointer, status: Pointer) => void;
  readonly TF_DeleteSession: (session: Pointer, status: Pointer) => void;
  readonly TF_SessionRun: KoffiFunc<
    (
      session: Pointer,
      runOptions: Pointer | null,
      inputs: Memory,
      inputValues: Memory,
      inputCount: number,
      outputs: Memory,
      outputValues: Memory,
      outputCount: number,
      targets: Memory,
      targetCount: number,
      runMetadata: null,
      status: Pointer,
    ) => void
  >;
  readonly TF_NewTensor: (
    type: number,
    dims: Memory,
    rank: number,
    data: Pointer,
    length: number,
    deallocator: Pointer,
    argument: null,
  ) => Pointer | null;
  readonly TF_AllocateTensor: (type: number, dims: Memory, rank: number, length: number) => Pointer | null;
  readonly TF_DeleteTensor: (tensor: Pointer) => void;
  readonly TF_TensorType: (tensor: Pointer) => number;
  readonly TF_NumDims: (tensor: Pointer) => number;
  readonly TF_Dim: (tensor: Pointer, axis: number) => number;
  readonly TF_TensorData: (tensor: Pointer) => Pointer | null;
}

type Prototype = readonly [result: string, ...parameters: unknown[]];

const P = "void *";
/** TF_Output: an output of an operation. */
const OUTPUT = koffi.struct({ oper: P, index: "int" });

// tensorflow/c/c_api.h, tf_tensor.h, tf_status.h, tf_buffer.h; TF_Bool is never passed. int64_t *, TF_Output * and T **
// parameters are passed as memory.
const FUNCTIONS: Readonly<Record<keyof TensorFlowApi, Prototype>> = {
  TF_Version: ["str"],
  TF_NewStatus: [P],
  TF_DeleteStatus: ["void", P],
  TF_GetCode: ["int", P],
  TF_Message: ["str", P],
  TF_NewBufferFromString: [P, P, "size_t"],
  TF_DeleteBuffer: ["void", P],
  TF_NewSessionOptions: [P],
  TF_SetConfig: ["void", P, P, "size_t", P],
  TF_DeleteSessionOptions: ["void", P],
  TF_NewGraph: [P],
  TF_DeleteGraph: ["void", P],
  TF_GraphOperationByName: [P, P, "str"],
  TF_OperationNumOutputs: ["int", P],
  TF_OperationOutputType: ["int", OUTPUT],
  TF_LoadSessionFromSavedModel: [P, P, P, "str", P, "int", P, P, P],
  TF_CloseSession: ["void", P, P],
  TF_DeleteSession: ["void", P, P],
  TF_SessionRun: ["void", P, P, P, P, "int", P, P, "int", P, "int", P, P],
  TF_NewTensor: [P, "int", P, "int", P, "size_t", P, P],
  TF_AllocateTensor: [P, "int", P, "int", "size_t"],
  TF_DeleteTensor: ["void", P],
  TF_TensorType: ["int", P],
  TF_NumDims: ["int", P],
  TF_Dim: ["int64_t", P, "int"],
  TF_TensorData: [P, P],
};

/** The first version whose string tensors hold TF_TStrings, of the major version whose C API this is. */
const FIRST_VERSION = { major: 2, minor: 4 };

/**
 * Binds the C API for this thread.
 * @param path for the message of the error.
 * @throws StatusError FAILED_PRECONDITION if the library is no TensorFlow, or one of another version.
 */
export function bindApi(library: LibraryHandle, path: string): TensorFlowApi {
  const bound: Record<string, unknown> = {};
  const missing: string[] = [];
  for (const [name, [result, ...parameters]] of Object.entries(FUNCTIONS)) {
    try {
      bound[name] = library.func(name, result, parameters as string[]);
    } catch {
      missing.push(name);
    }
  }
  if (missing.length > 0) {
    const version =
      "TF_Version" in bound ? ` (TensorFlow ${(bound as unknown as TensorFlowApi).TF_Version()})` : "";
    throw failedPrecondition(
      `The library ${path}${version} lacks functions of TensorFlow's C API that are needed: ${missing.join(", ")}`,
    );
  }
  const api = bound as unknown as TensorFlowApi;
  requireVersion(api.TF_Version(), path);
  return api;
}

/** @throws StatusError FAILED_PRECONDITION for a version whose C API isn't known to be the one that is called. */
export function requireVersion(version: string, path: string): void {
  const [major, minor] = version.split(".").map(Number);
  if (major === FIRST_VERSION.major && minor !== undefined && minor >= FIRST_VERSION.minor) return;
  throw failedPrecondition(
    `TensorFlow ${FIRST_VERSION.major}.${FIRST_VERSION.minor} or a later ${FIRST_VERSION.major}.x is needed, but the ` +
      `library ${path} is ${version}`,
  );
}
