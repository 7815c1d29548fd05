import koffi, { type KoffiFunc, type LibraryHandle } from "koffi";
import { failedPrecondition } from "../../status/status.ts";

/** A pointer to something that lives in C. */
export type Pointer = bigint;
/** What may be passed where C wants a pointer: an address, or memory of ours for the time of the call. */
export type Memory = Pointer | ArrayBufferView | null;
/** An `OrtStatus *`: null is success. */
export type Status = Pointer | null;

type Returning<Result, Arguments extends unknown[]> = (...args: Arguments) => Result;
type Fallible<Arguments extends unknown[]> = Returning<Status, Arguments>;

/** The functions of `OrtApi` that are used, by their names there. */
export interface OrtApi {
  readonly GetErrorCode: Returning<number, [status: Pointer]>;
  readonly GetErrorMessage: Returning<string, [status: Pointer]>;
  readonly CreateSessionFromArray: Fallible<
    [env: Pointer, model: Memory, length: number, options: Pointer, out: BigUint64Array]
  >;
  readonly Run: KoffiFunc<
    Fallible<
      [
        session: Pointer,
        options: Pointer | null,
        inputNames: Memory,
        inputs: Memory,
        inputCount: number,
        outputNames: Memory,
        outputCount: number,
        outputs: Memory,
      ]
    >
  >;
  readonly CreateSessionOptions: Fallible<[out: BigUint64Array]>;
  readonly DisableMemPattern: Fallible<[options: Pointer]>;
  readonly SetSessionLogSeverityLevel: Fallible<[options: Pointer, level: number]>;
  readonly SetSessionGraphOptimizationLevel: Fallible<[options: Pointer, level: number]>;
  readonly SetIntraOpNumThreads: Fallible<[options: Pointer, threads: number]>;
  readonly SessionGetInputCount: Fallible<[session: Pointer, out: BigUint64Array]>;
  readonly SessionGetOutputCount: Fallible<[session: Pointer, out: BigUint64Array]>;
  readonly SessionGetInputTypeInfo: Fallible<[session: Pointer, index: number, out: BigUint64Array]>;
  readonly SessionGetOutputTypeInfo: Fallible<[session: Pointer, index: number, out: BigUint64Array]>;
  readonly SessionGetInputName: Fallible<
    [session: Pointer, index: number, allocator: Pointer, out: BigUint64Array]
  >;
  readonly SessionGetOutputName: Fallible<
    [session: Pointer, index: number, allocator: Pointer, out: BigUint64Array]
  >;
  readonly CreateRunOptions: Fallible<[out: BigUint64Array]>;
  /** Ends the runs that were made with these options, and refuses further ones. May be called from any thread. */
  readonly RunOptionsSetTerminate: Fallible<[options: Pointer]>;
  readonly CreateTensorWithDataAsOrtValue: Fallible<
    [info: Pointer, data: Memory, length: number, shape: Memory, rank: number, type: number, out: Memory]
  >;
  readonly GetTensorMutableData: Fallible<[value: Pointer, out: BigUint64Array]>;
  readonly CastTypeInfoToTensorInfo: Fallible<[info: Pointer, out: BigUint64Array]>;
  readonly GetTensorElementType: Fallible<[info: Pointer, out: Int32Array]>;
  readonly CreateCpuMemoryInfo: Fallible<[allocator: number, memory: number, out: BigUint64Array]>;
  readonly AllocatorFree: Fallible<[allocator: Pointer, memory: Pointer]>;
  readonly GetAllocatorWithDefaultOptions: Fallible<[out: BigUint64Array]>;
  readonly ReleaseStatus: Returning<void, [status: Pointer]>;
  readonly ReleaseSession: Returning<void, [session: Pointer]>;
  readonly ReleaseValue: Returning<void, [value: Pointer]>;
  readonly ReleaseRunOptions: Returning<void, [options: Pointer]>;
  readonly ReleaseTypeInfo: Returning<void, [info: Pointer]>;
  readonly ReleaseSessionOptions: Returning<void, [options: Pointer]>;
  readonly CreateEnvWithGlobalThreadPools: Fallible<
    [level: number, name: string, options: Pointer, out: BigUint64Array]
  >;
  readonly DisablePerSessionThreads: Fallible<[options: Pointer]>;
  readonly CreateThreadingOptions: Fallible<[out: BigUint64Array]>;
  readonly ReleaseThreadingOptions: Returning<void, [options: Pointer]>;
  readonly AddSessionConfigEntry: Fallible<[options: Pointer, key: string, value: string]>;
  readonly SetGlobalIntraOpNumThreads: Fallible<[options: Pointer, threads: number]>;
  readonly SetGlobalInterOpNumThreads: Fallible<[options: Pointer, threads: number]>;
  readonly SetGlobalSpinControl: Fallible<[options: Pointer, allow: number]>;
  readonly AddInitializer: Fallible<[options: Pointer, name: Pointer, value: Pointer]>;
  readonly CreatePrepackedWeightsContainer: Fallible<[out: BigUint64Array]>;
  readonly ReleasePrepackedWeightsContainer: Returning<void, [container: Pointer]>;
  readonly CreateSessionFromArrayWithPrepackedWeightsContainer: Fallible<
    [env: Pointer, model: Memory, length: number, options: Pointer, container: Pointer, out: BigUint64Array]
  >;
  readonly AddExternalInitializers: Fallible<
    [options: Pointer, names: Memory, values: Memory, count: number]
  >;
  readonly GetTensorElementTypeAndShapeDataReference: Fallible<
    [value: Pointer, type: Int32Array, dims: BigUint64Array, rank: BigUint64Array]
  >;
}

interface ApiRow {
  /** The position of the function pointer in `struct OrtApi`, which only ever grows at its end. */
  readonly index: number;
  readonly result: string;
  readonly parameters: readonly string[];
}

const P = "void *";
const fallible = (index: number, ...parameters: string[]): ApiRow => ({ index, result: P, parameters });
const returning = (index: number, result: string, ...parameters: string[]): ApiRow => ({
  index,
  result,
  parameters,
});

// onnxruntime_c_api.h, version 1.24 and later. int64_t *, size_t * and T ** parameters are passed as memory.
const FUNCTIONS: Readonly<Record<keyof OrtApi, ApiRow>> = {
  GetErrorCode: returning(1, "int", P),
  GetErrorMessage: returning(2, "str", P),
  CreateSessionFromArray: fallible(8, P, P, "size_t", P, P),
  Run: fallible(9, P, P, P, P, "size_t", P, "size_t", P),
  CreateSessionOptions: fallible(10, P),
  DisableMemPattern: fallible(17, P),
  SetSessionLogSeverityLevel: fallible(22, P, "int"),
  SetSessionGraphOptimizationLevel: fallible(23, P, "int"),
  SetIntraOpNumThreads: fallible(24, P, "int"),
  SessionGetInputCount: fallible(30, P, P),
  SessionGetOutputCount: fallible(31, P, P),
  SessionGetInputTypeInfo: fallible(33, P, "size_t", P),
  SessionGetOutputTypeInfo: fallible(34, P, "size_t", P),
  SessionGetInputName: fallible(36, P, "size_t", P, P),
  SessionGetOutputName: fallible(37, P, "size_t", P, P),
  CreateRunOptions: fallible(39, P),
  RunOptionsSetTerminate: fallible(46, P),
  CreateTensorWithDataAsOrtValue: fallible(49, P, P, "size_t", P, "size_t", "int", P),
  GetTensorMutableData: fallible(51, P, P),
  CastTypeInfoToTensorInfo: fallible(55, P, P),
  GetTensorElementType: fallible(60, P, P),
  CreateCpuMemoryInfo: fallible(69, "int", "int", P),
  AllocatorFree: fallible(76, P, P),
  GetAllocatorWithDefaultOptions: fallible(78, P),
  ReleaseStatus: returning(93, "void", P),
  ReleaseSession: returning(95, "void", P),
  ReleaseValue: returning(96, "void", P),
  ReleaseRunOptions: returning(97, "void", P),
  ReleaseTypeInfo: returning(98, "void", P),
  ReleaseSessionOptions: returning(100, "void", P),
  CreateEnvWithGlobalThreadPools: fallible(119, "int", "str", P, P),
  DisablePerSessionThreads: fallible(120, P),
  CreateThreadingOptions: fallible(121, P),
  ReleaseThreadingOptions: returning(122, "void", P),
  AddSessionConfigEntry: fallible(130, P, "str", "str"),
  SetGlobalIntraOpNumThreads: fallible(147, P, "int"),
  SetGlobalInterOpNumThreads: fallible(148, P, "int"),
  SetGlobalSpinControl: fallible(149, P, "int"),
  AddInitializer: fallible(150, P, P, P),
  CreatePrepackedWeightsContainer: fallible(166, P),
  ReleasePrepackedWeightsContainer: returning(167, "void", P),
  CreateSessionFromArrayWithPrepackedWeightsContainer: fallible(169, P, P, "size_t", P, P, P),
  AddExternalInitializers: fallible(210, P, P, P, "size_t"),
  GetTensorElementTypeAndShapeDataReference: fallible(414, P, P, P, P),
};

/** The API version asked for: the first that has every function above. The library's minor version is its newest. */
const API_VERSION = 24;

/**
 * Binds the C API for this thread.
 * @throws StatusError FAILED_PRECONDITION if the library is too old.
 */
export function bindApi(onnxruntime: LibraryHandle): OrtApi {
  const getApi: Pointer = koffi.decode(apiBase(onnxruntime), P);
  const version = libraryVersion(onnxruntime);
  const [major, minor] = version.split(".").map(Number);
  if (major !== 1 || minor === undefined || minor < API_VERSION) {
    throw failedPrecondition(
      `ONNX Runtime 1.${API_VERSION} or later is needed, but the library is ${version}`,
    );
  }
  const table: Pointer = koffi.call(getApi, koffi.proto(P, ["uint32_t"]), API_VERSION);
  const bound = Object.entries(FUNCTIONS).map(([name, { index, result, parameters }]) => {
    const address: Pointer = koffi.decode(table, index * koffi.sizeof(P), P);
    return [name, koffi.decode(address, koffi.proto(result, [...parameters]))] as const;
  });
  return Object.fromEntries(bound) as OrtApi;
}

/** What the library calls itself, e.g. `1.24.1`. */
export function libraryVersion(onnxruntime: LibraryHandle): string {
  const getVersion: Pointer = koffi.decode(apiBase(onnxruntime), koffi.sizeof(P), P);
  return koffi.call(getVersion, koffi.proto("str", []));
}

function apiBase(onnxruntime: LibraryHandle): Pointer {
  return onnxruntime.func("OrtGetApiBase", P, [])();
}
