import koffi, { type LibraryHandle } from "koffi";
import { failedPrecondition } from "../status/status.ts";

/**
 * koffi runs C code on stacks of its own, which take memory as they are touched. Models are loaded in synchronous calls, and
 * short runs are made in them: these get what a program's main thread has, as libraries are written for. Asynchronous calls
 * get more than koffi's 128 KiB, which is less than kernels may use.
 */
const SYNC_STACK_BYTES = 8 << 20;
const ASYNC_STACK_BYTES = 2 << 20;
/** Asynchronous calls under way at a time in one thread; each has a stack that is kept for the next. */
export const ASYNC_CALLS = 8;

export interface NativeLibrary {
  readonly library: LibraryHandle;
  /** What the process itself links: the C library. */
  readonly c: LibraryHandle;
  /** Gives what the C library has free back to the system, where it can. */
  readonly trim: () => void;
}

/**
 * Loads a library into this thread. Once it is loaded it stays for the process's life.
 * @param name for the message, e.g. `ONNX Runtime`.
 * @param environment variables that the library reads from C: they are set before it is loaded, in the place of
 * others. `process.env` won't do, which in a worker thread is a copy that C doesn't see.
 * @throws StatusError FAILED_PRECONDITION if it can't be loaded, with the system's reason.
 */
export function loadNativeLibrary(
  name: string,
  path: string,
  environment: Readonly<Record<string, string>>,
): NativeLibrary {
  const config = koffi.config();
  if (config.async_stack_size !== ASYNC_STACK_BYTES) {
    koffi.config({
      ...config,
      sync_stack_size: SYNC_STACK_BYTES,
      async_stack_size: ASYNC_STACK_BYTES,
      resident_async_pools: ASYNC_CALLS,
    });
  }
  const c = koffi.load(null);
  for (const [variable, value] of Object.entries(environment)) setVariable(c, variable, value);
  pin(c, name, path);
  return { library: koffi.load(path), c, trim: trimmer(c) };
}

function setVariable(c: LibraryHandle, name: string, value: string): void {
  // Only the first thread writes, as C reads the environment without a lock.
  if (c.func("getenv", "str", ["str"])(name) === value) return;
  c.func("setenv", "int", ["str", "str", "int"])(name, value, 1);
}

/** glibc keeps freed memory unless told; other C libraries don't offer this. */
/** Gives what the C library has free back to the system, where it can; for this thread to call. */
export function memoryTrimmer(): () => void {
  return trimmer(koffi.load(null));
}

function trimmer(c: LibraryHandle): () => void {
  if (process.platform !== "linux") return () => {};
  try {
    const trim = c.func("malloc_trim", "int", ["size_t"]);
    return () => trim(0);
  } catch {
    return () => {};
  }
}

/**
 * koffi unloads a library with the last thread that loaded it, and sessions that are still to be attached elsewhere
 * would lose their code and their environment. One more reference, never given back, keeps it.
 */
function pin(c: LibraryHandle, name: string, path: string): void {
  const RTLD_NOW = 2;
  const dlopen = c.func("dlopen", "void *", ["str", "int"]);
  // Found before the call, as finding a function forgets the reason of a failure.
  const dlerror = c.func("dlerror", "str", []);
  if (dlopen(path, RTLD_NOW) !== null) return;
  const reason: string = dlerror();
  throw failedPrecondition(`${name}'s library can't be loaded: ${reason}`);
}
