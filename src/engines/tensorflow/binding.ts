import { MAX_RANK } from "../../tensor/shape.ts";
import { CallQueue } from "../call-queue.ts";
import { ASYNC_CALLS } from "../native-library.ts";
import { bindApi, type Memory, type Pointer, type TensorFlowApi } from "./api.ts";
import { loadLibrary } from "./library.ts";

/** What one thread needs to call TensorFlow. */
export interface Binding {
  readonly api: TensorFlowApi;
  readonly memcpy: (target: Memory, source: Memory, bytes: number) => void;
  readonly malloc: (bytes: number) => Pointer | null;
  readonly free: (memory: Pointer) => void;
  /** The address of C's `free`. */
  readonly freeAddress: Pointer;
  /** Gives what the C library has free back to the system, where it can. */
  readonly trim: () => void;
  readonly calls: CallQueue;
  /** Room for the dimensions of one tensor, for the time of a call. */
  readonly dims: Uint32Array;
  /**
   * A `TF_Buffer *` with the RunOptions of a run on the calling thread alone; never freed, as it lasts as long as the
   * thread.
   */
  readonly onCallingThread: Pointer;
}

/**
 * A serialized tensorflow.RunOptions with inter_op_thread_pool -1: operations run on the thread that calls, which saves two
 * hand-overs between threads.
 */
const ON_CALLING_THREAD = Uint8Array.of(0x18, ...new Uint8Array(9).fill(0xff), 0x01);

/** @throws StatusError FAILED_PRECONDITION if the library can't be loaded or doesn't fit. */
export function bind(path: string): Binding {
  const { library, c, trim } = loadLibrary(path);
  const api = bindApi(library, path);
  return {
    api,
    memcpy: c.func("memcpy", "void", ["void *", "void *", "size_t"]),
    malloc: c.func("malloc", "void *", ["size_t"]),
    free: c.func("free", "void", ["void *"]),
    freeAddress: c.symbol("free", "void *") as Pointer,
    trim,
    calls: new CallQueue(ASYNC_CALLS),
    dims: new Uint32Array(2 * MAX_RANK),
    onCallingThread: api.TF_NewBufferFromString(ON_CALLING_THREAD, ON_CALLING_THREAD.length),
  };
}
