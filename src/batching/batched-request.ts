import type { RunResult } from "../engines/engine.ts";
import type { Cancellable } from "../status/cancellation.ts";
import { cancelled } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** Where requests wait. */
export interface WaitingRoom {
  /** @returns whether the request waited there. */
  remove(request: BatchedRequest): boolean;
}

/** A request, or a part of a large one, that waits in a queue or is run in a batch. Settled once. */
export class BatchedRequest implements Cancellable {
  readonly inputs: readonly Tensor[];
  /** The size of dimension 0 of each of the inputs. */
  readonly rows: number;
  readonly resolve: (result: RunResult) => void;
  readonly reject: (error: unknown) => void;
  /** On the clock of `performance.now()`. */
  readonly since = performance.now();
  /** How long it waited for its batch to begin, in milliseconds. */
  waited = 0;
  /** Where it waits; undefined once it is run, and when it was given up. */
  queue: WaitingRoom | undefined;
  /** The batch that it is run in, which is told when it is given up. */
  batch: Cancellable | undefined;
  #isGivenUp = false;

  constructor(
    inputs: readonly Tensor[],
    rows: number,
    resolve: (result: RunResult) => void,
    reject: (error: unknown) => void,
  ) {
    this.inputs = inputs;
    this.rows = rows;
    this.resolve = resolve;
    this.reject = reject;
  }

  /** Leaves the queue. One that is being run already stays with its batch, which needs its inputs. */
  cancel(): void {
    if (this.queue?.remove(this)) {
      this.reject(cancelled("The request was given up while it waited in the batching queue"));
    } else {
      this.#isGivenUp = true;
      this.batch?.cancel();
    }
  }

  /** Whether it need not be run (again), as it was given up: it is settled then. */
  leaveIfGivenUp(): boolean {
    if (this.#isGivenUp) this.reject(cancelled("The request was given up while its batch was run"));
    return this.#isGivenUp;
  }
}
