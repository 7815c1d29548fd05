/** How often a thread looks whether anything has come since, in milliseconds. */
const LOOK_MILLISECONDS = 1000;

/** What a heap must have grown by, in bytes, before it is collected again. */
const WORTHWHILE_BYTES = 4 << 20;

/** Heaps of more bytes are left to V8: a collection takes 3 ms per MB, which a request might have to wait. */
const MOST_BYTES = 32 << 20;

/** What a thread has done and holds. */
export interface ThreadReading {
  /** Events of its loop since it started: what came from sockets, other threads and the system. */
  readonly events: number;
  /** What its heap takes. */
  readonly heapBytes: number;
}

export interface Idleness {
  /** Events from one look to the next, with which a thread still counts as idle. Default: 0. */
  readonly mostEvents?: number;
  /** Events since the thread's start, after which it is let alone. Default: no end. */
  readonly lastEvent?: number;
}

/** Decides when a thread's heap is collected: when nothing comes, and there is something to be had. */
export class IdleMemory {
  readonly #mostEvents: number;
  readonly #lastEvent: number;
  #events = 0;
  #keptBytes = 0;

  constructor({ mostEvents = 0, lastEvent = Number.POSITIVE_INFINITY }: Idleness = {}) {
    this.#mostEvents = mostEvents;
    this.#lastEvent = lastEvent;
  }

  /** Whether there is no use in looking any more. */
  get isOver(): boolean {
    return this.#events > this.#lastEvent;
  }

  shouldCollect({ events, heapBytes }: ThreadReading): boolean {
    const came = events - this.#events;
    this.#events = events;
    if (this.isOver || came > this.#mostEvents) return false;
    return heapBytes <= MOST_BYTES && heapBytes >= this.#keptBytes + WORTHWHILE_BYTES;
  }

  /** @param heapBytes what the heap takes after it was collected. */
  collected(heapBytes: number): void {
    this.#keptBytes = heapBytes;
  }
}

/**
 * Has this thread give memory back to the system when it has nothing to do: what its start or a load has taken. V8 keeps as
 * much as a heap once needed, 12 MB for a thread that has just started, of which 8 remain. Only the collection that it makes
 * when memory runs out gives it back. That throws compiled code away, too: after a load of requests it takes the CPU time of
 * 15,000 of half_plus_two until all is compiled again. Needs node's --expose-gc; does nothing without.
 * @param trim gives free native memory back to the system. Default: nothing does.
 */
export function giveBackWhenIdle(idleness: Idleness = {}, trim: () => void = () => {}): void {
  const { gc } = globalThis;
  if (gc === undefined) return;
  const idle = new IdleMemory(idleness);
  const heapBytes = () => process.memoryUsage().heapTotal;
  const look = (): void => {
    const { events } = performance.nodeTiming.uvMetricsInfo;
    if (idle.shouldCollect({ events, heapBytes: heapBytes() })) {
      gc({ type: "major", execution: "sync", flavor: "last-resort" });
      trim();
      idle.collected(heapBytes());
    }
    if (idle.isOver) clearInterval(looking);
  };
  const looking = setInterval(look, LOOK_MILLISECONDS).unref();
}
