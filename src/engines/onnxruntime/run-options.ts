import type { Cancellable, Cancellation } from "../../status/cancellation.ts";
import { cancelled } from "../../status/status.ts";
import type { OrtApi, Pointer } from "./api.ts";
import { check } from "./status.ts";

/**
 * What ONNX Runtime is told of one run: that it ends when no one waits for it any more. It looks before each node, those
 * within loops too.
 */
export class RunOptions implements Cancellable {
  readonly #api: OrtApi;
  /** Undefined once it is freed. */
  #handle: Pointer | undefined;
  #isCancelled = false;

  /** @throws StatusError CANCELLED if no one waits already. */
  constructor(api: OrtApi, cancellation: Cancellation) {
    if (cancellation.isCancelled) throw notAwaited();
    const out = new BigUint64Array(1);
    check(api, api.CreateRunOptions(out));
    this.#api = api;
    this.#handle = out[0]!;
    cancellation.onCancel(this);
  }

  get handle(): Pointer {
    return this.#handle!;
  }

  cancel(): void {
    this.#isCancelled = true;
    if (this.#handle !== undefined) check(this.#api, this.#api.RunOptionsSetTerminate(this.#handle));
  }

  /** The run has ended. */
  release(): void {
    this.#api.ReleaseRunOptions(this.#handle!);
    this.#handle = undefined;
  }

  /** What the run failed with, where it was ended: ONNX Runtime says only that a flag was set. */
  get failure(): Error | undefined {
    return this.#isCancelled ? notAwaited() : undefined;
  }
}

function notAwaited() {
  return cancelled("No one waits for the answer any more");
}
