/** Bytes one behind the other, as LevelDB tables are written. */
export class ByteWriter {
  #bytes = Buffer.alloc(1 << 12);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** A view. */
  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  append(bytes: Uint8Array): void {
    const at = this.#length;
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, at);
  }

  fixed32(value: number): void {
    const at = this.#length;
    this.#reserve(4);
    this.#bytes.writeUInt32LE(value, at);
  }

  /** As `ByteCursor.varint` reads it. */
  varint(value: number): void {
    let rest = value;
    const encoded: number[] = [];
    for (; rest >= 128; rest = Math.floor(rest / 128)) encoded.push((rest % 128) | 128);
    this.append(Uint8Array.of(...encoded, rest));
  }

  #reserve(count: number): void {
    this.#length += count;
    if (this.#length <= this.#bytes.length) return;
    const larger = Buffer.alloc(2 * this.#length);
    larger.set(this.#bytes);
    this.#bytes = larger;
  }
}
