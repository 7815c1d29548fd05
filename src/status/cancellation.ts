/** What waits on behalf of a request and can leave off. */
export interface Cancellable {
  cancel(): void;
}

/** Whether anyone still waits for an answer. Belongs to one thread. */
export interface Cancellation {
  /** The client has gone, or the time that it gave is over. */
  readonly isCancelled: boolean;
  /** Has `waiting` told once, when that happens; at once if it has happened. */
  onCancel(waiting: Cancellable): void;
}

/** The end that knows. It allocates nothing unless someone wants to be told, so that each request can have one. */
export class CancellationSource implements Cancellation {
  #isCancelled = false;
  #waiting: Cancellable[] | undefined;

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  onCancel(waiting: Cancellable): void {
    if (this.#isCancelled) waiting.cancel();
    else if (this.#waiting === undefined) this.#waiting = [waiting];
    else this.#waiting.push(waiting);
  }

  /** No answer is wanted any more. */
  giveUp(): void {
    this.#isCancelled = true;
    const waiting = this.#waiting;
    this.#waiting = undefined;
    if (waiting !== undefined) for (const each of waiting) each.cancel();
  }
}
