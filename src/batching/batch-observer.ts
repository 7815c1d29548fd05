/** What one signature's queues tell whoever counts; all in the thread that serves the requests. */
export interface BatchObserver {
  /** So many requests wait now, in this thread. */
  queued(requests: number): void;
  /** A batch begins to run: `padding` rows were added to the requests' `rows`. */
  started(requests: number, rows: number, padding: number): void;
  /** A request waited so long for its batch to begin. */
  waited(milliseconds: number): void;
}

/** An observer that ignores everything. */
export const NO_OBSERVER: BatchObserver = { queued() {}, started() {}, waited() {} };
