/** Smaller pieces are not worth keeping apart. */
const SMALLEST = 1 << 12;

/** Bytes that are kept for later at most. */
const MOST_KEPT = 64 << 20;

/** Memory for the inputs of batches, used again and again: V8 clears new buffers, and collects often if there are many. */
export class MergeMemory {
  readonly #free: ArrayBuffer[] = [];
  #kept = 0;

  /** At least so many bytes of any content. To be given back, or else collected. */
  take(bytes: number): ArrayBuffer {
    // The newest first: it is still in the caches.
    for (let i = this.#free.length - 1; i >= 0; i--) {
      const buffer = this.#free[i]!;
      if (buffer.byteLength < bytes || buffer.byteLength > 4 * Math.max(bytes, SMALLEST)) continue;
      this.#free.splice(i, 1);
      this.#kept -= buffer.byteLength;
      return buffer;
    }
    let size = SMALLEST;
    while (size < bytes) size *= 2;
    return Buffer.allocUnsafeSlow(size).buffer;
  }

  /** @param buffer that `take` returned, once, and that is not looked at any more. */
  give(buffer: ArrayBuffer): void {
    if (this.#kept + buffer.byteLength > MOST_KEPT) return;
    this.#free.push(buffer);
    this.#kept += buffer.byteLength;
  }
}
