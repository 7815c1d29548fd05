import { CallQueue } from "../call-queue.ts";
import { ASYNC_CALLS } from "../native-library.ts";
import { bindApi, type Memory, type OrtApi, type Pointer } from "./api.ts";
import { findLibrary, loadLibrary } from "./library.ts";
import { check } from "./status.ts";

/** What one thread needs to call ONNX Runtime. */
export interface Binding {
  readonly api: OrtApi;
  /** `OrtMemoryInfo *` of plain CPU memory; never freed, as it lasts as long as the thread. */
  readonly memoryInfo: Pointer;
  readonly memcpy: (target: Memory, source: Memory, bytes: number) => void;
  /** Gives what the C library has free back to the system, where it can. */
  readonly trim: () => void;
  readonly calls: CallQueue;
}

// OrtAllocatorType and OrtMemType.
const DEVICE_ALLOCATOR = 0;
const MEMORY_DEFAULT = 0;

/** @throws StatusError FAILED_PRECONDITION if the library is missing or doesn't fit. */
export function bind(): Binding {
  const native = loadLibrary(findLibrary());
  const api = bindApi(native.library);
  const out = new BigUint64Array(1);
  check(api, api.CreateCpuMemoryInfo(DEVICE_ALLOCATOR, MEMORY_DEFAULT, out));
  return {
    api,
    memoryInfo: out[0]!,
    memcpy: native.c.func("memcpy", "void", ["void *", "void *", "size_t"]),
    trim: native.trim,
    calls: new CallQueue(ASYNC_CALLS),
  };
}
