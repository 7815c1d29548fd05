import { type Cancellable, type Cancellation, CancellationSource } from "../status/cancellation.ts";

/** Ends the run of a batch when none of its requests is waited for any more. Each request tells it once. */
export class BatchCancellation implements Cancellable {
  readonly #source = new CancellationSource();
  #waited: number;

  /** @param requests how many the batch has. */
  constructor(requests: number) {
    this.#waited = requests;
  }

  /** What the run is given. */
  get ofRun(): Cancellation {
    return this.#source;
  }

  /** One of the requests was given up. */
  cancel(): void {
    if (--this.#waited === 0) this.#source.giveUp();
  }
}
