/** Finds a feature's position by the bytes of its name as they lie in a message, without making a string of them. */
export class FeatureIndex {
  readonly #keys: readonly Uint8Array[];
  /** Open addressing: positions plus one, 0 where free. Its size is a power of two. */
  readonly #table: Int32Array;

  /** @param keys all different. */
  constructor(keys: readonly Uint8Array[]) {
    this.#keys = keys;
    this.#table = new Int32Array(2 ** Math.ceil(Math.log2(2 * keys.length + 2)));
    for (const [position, key] of keys.entries()) {
      let cell = this.#hash(key, 0, key.length);
      while (this.#table[cell] !== 0) cell = this.#next(cell);
      this.#table[cell] = position + 1;
    }
  }

  /**
   * The position of the key that `bytes` holds from `from` up to `to`, or -1.
   * @param guess a position that is likely.
   */
  find(bytes: Uint8Array, from: number, to: number, guess = -1): number {
    if (guess >= 0 && isAt(this.#keys[guess]!, bytes, from, to)) return guess;
    let cell = this.#hash(bytes, from, to);
    for (;;) {
      const position = this.#table[cell]! - 1;
      if (position < 0 || isAt(this.#keys[position]!, bytes, from, to)) return position;
      cell = this.#next(cell);
    }
  }

  #next(cell: number): number {
    return (cell + 1) & (this.#table.length - 1);
  }

  // FNV-1a, with the upper bits folded in since the table is small.
  #hash(bytes: Uint8Array, from: number, to: number): number {
    let hash = 0x811c9dc5;
    for (let i = from; i < to; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.#table.length - 1);
  }
}

function isAt(key: Uint8Array, bytes: Uint8Array, from: number, to: number): boolean {
  if (key.length !== to - from) return false;
  for (let i = 0; i < key.length; i++) if (key[i] !== bytes[from + i]) return false;
  return true;
}
