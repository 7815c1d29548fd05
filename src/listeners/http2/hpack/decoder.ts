import { ConnectionError, ErrorCode } from "../frames.ts";
import { decodeHuffman } from "./huffman.ts";
import { DynamicTable, fieldSize, STATIC_TABLE } from "./tables.ts";

/** SETTINGS_HEADER_TABLE_SIZE: the default, which we leave as it is. */
const TABLE_SIZE = 4096;

/** Decodes the header blocks of one connection, all of them and in order (RFC 7541). */
export class HeaderDecoder {
  readonly #table = new DynamicTable(TABLE_SIZE);
  readonly #maxSize: number;
  #bytes: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Grows with each field that changes what later blocks mean. */
  changes = 0;

  /** @param maxSize of a decoded list, as RFC 9113 counts it (SETTINGS_MAX_HEADER_LIST_SIZE). */
  constructor(maxSize: number) {
    this.#maxSize = maxSize;
  }

  /**
   * @returns name, value, name, value, ...; undefined if that is more than the limit.
   * @throws ConnectionError for a block that can't be decoded.
   */
  decode(block: Buffer): readonly string[] | undefined {
    this.#bytes = block;
    this.#at = 0;
    while (this.#at < block.length && (block[this.#at]! & 0xe0) === 0x20) this.#resize();
    const fields: string[] = [];
    let size = 0;
    while (this.#at < block.length) {
      const [name, value] = this.#field();
      size += fieldSize(name, value);
      if (size <= this.#maxSize) fields.push(name, value);
    }
    return size <= this.#maxSize ? fields : undefined;
  }

  #resize(): void {
    const size = this.#integer(5);
    if (size > TABLE_SIZE) throw broken(`A table of ${size} bytes`);
    this.#table.resize(size);
    this.changes++;
  }

  #field(): readonly [name: string, value: string] {
    const first = this.#bytes[this.#at]!;
    if (first >= 0x80) return this.#indexed(this.#integer(7));
    if (first >= 0x40) {
      const field = this.#literal(this.#integer(6));
      this.#table.add(field[0], field[1]);
      this.changes++;
      return field;
    }
    if (first >= 0x20) throw broken("A change of the table's size behind a field");
    return this.#literal(this.#integer(4));
  }

  #indexed(index: number): readonly [name: string, value: string] {
    const field = STATIC_TABLE[index - 1] ?? this.#table.get(index - STATIC_TABLE.length - 1);
    if (field === undefined) throw broken(`No field has the index ${index}`);
    return field;
  }

  /** @param nameIndex 0: the name follows. */
  #literal(nameIndex: number): readonly [name: string, value: string] {
    const name = nameIndex === 0 ? this.#string() : this.#indexed(nameIndex)[0];
    return [name, this.#string()];
  }

  /** RFC 7541, 5.1. */
  #integer(prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = this.#byte() & mask;
    if (value < mask) return value;
    for (let shift = 0; shift <= 21; shift += 7) {
      const byte = this.#byte();
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    throw broken("An integer of more than 28 bits");
  }

  /** RFC 7541, 5.2. */
  #string(): string {
    const isHuffman = (this.#bytes[this.#at] ?? 0) >= 0x80;
    const length = this.#integer(7);
    const start = this.#at;
    const end = start + length;
    if (end > this.#bytes.length) throw broken("A string that is cut off");
    this.#at = end;
    if (!isHuffman) return this.#bytes.toString("latin1", start, end);
    const text = decodeHuffman(this.#bytes, start, end);
    if (text === undefined) throw broken("A string that is no Huffman code");
    return text;
  }

  #byte(): number {
    const byte = this.#bytes[this.#at++];
    if (byte === undefined) throw broken("A header block that is cut off");
    return byte;
  }
}

function broken(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.COMPRESSION_ERROR, what);
}
