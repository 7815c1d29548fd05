import { ByteWriter } from "./byte-writer.ts";
import { maskedCrc32c } from "./crc32c.ts";
import { FOOTER_SIZE, MAGIC, type TableEntry } from "./leveldb-table.ts";

// As TensorFlow's tsl/lib/io/table_options.h has them.
const BLOCK_SIZE = 262_144;
const RESTART_INTERVAL = 16;

/**
 * A LevelDB table without compression: what TensorFlow's table builder (tsl/lib/io/table_builder.cc) writes for the same
 * entries, byte for byte.
 * @param entries in the order of their keys, each key once.
 */
export function writeTable(entries: Iterable<TableEntry>): Uint8Array {
  const table = new ByteWriter();
  const index = new Block(1);
  let block = new Block(RESTART_INTERVAL);
  /** The block that is written and not in the index yet: its key there depends on what follows. */
  let pending: Handle | undefined;
  for (const [key, value] of entries) {
    if (pending !== undefined) index.add(separator(pending.lastKey, key), handleBytes(pending));
    pending = undefined;
    block.add(key, value);
    if (block.size < BLOCK_SIZE) continue;
    pending = writeBlock(table, block);
    block = new Block(RESTART_INTERVAL);
  }
  if (!block.isEmpty) pending = writeBlock(table, block);
  const metaIndex = writeBlock(table, new Block(RESTART_INTERVAL));
  if (pending !== undefined) index.add(successor(pending.lastKey), handleBytes(pending));
  const footer = new ByteWriter();
  const handles = [metaIndex, writeBlock(table, index)];
  for (const handle of handles) footer.append(handleBytes(handle));
  footer.append(new Uint8Array(FOOTER_SIZE - MAGIC.length - footer.length));
  footer.append(Uint8Array.from(MAGIC));
  table.append(footer.bytes);
  return table.bytes;
}

interface Handle {
  readonly offset: number;
  readonly size: number;
  readonly lastKey: string;
}

function handleBytes({ offset, size }: Handle): Uint8Array {
  const bytes = new ByteWriter();
  bytes.varint(offset);
  bytes.varint(size);
  return bytes.bytes;
}

function writeBlock(table: ByteWriter, block: Block): Handle {
  const contents = block.finish();
  const offset = table.length;
  table.append(contents);
  const compression = Uint8Array.of(0);
  table.append(compression);
  table.fixed32(maskedCrc32c(Buffer.concat([contents, compression])));
  return { offset, size: contents.length, lastKey: block.lastKey };
}

/** Keys share their beginnings with the one before, except at restarts. */
class Block {
  readonly #interval: number;
  readonly #bytes = new ByteWriter();
  readonly #restarts = [0];
  #sinceRestart = 0;
  #lastKey = "";
  #isEmpty = true;

  /** @param interval how many keys there are from one restart to the next. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  get lastKey(): string {
    return this.#lastKey;
  }

  /** In bytes, once finished. */
  get size(): number {
    return this.#bytes.length + 4 * (this.#restarts.length + 1);
  }

  add(key: string, value: Uint8Array): void {
    let shared = 0;
    if (this.#sinceRestart < this.#interval) shared = commonStart(this.#lastKey, key);
    else {
      this.#restarts.push(this.#bytes.length);
      this.#sinceRestart = 0;
    }
    this.#bytes.varint(shared);
    this.#bytes.varint(key.length - shared);
    this.#bytes.varint(value.length);
    this.#bytes.append(Buffer.from(key.slice(shared), "latin1"));
    this.#bytes.append(value);
    this.#sinceRestart++;
    this.#lastKey = key;
    this.#isEmpty = false;
  }

  finish(): Uint8Array {
    for (const restart of this.#restarts) this.#bytes.fixed32(restart);
    this.#bytes.fixed32(this.#restarts.length);
    return this.#bytes.bytes;
  }
}

function commonStart(a: string, b: string): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** A short key that is no less than `last`, and less than `next`. */
function separator(last: string, next: string): string {
  const at = commonStart(last, next);
  if (at >= last.length || at >= next.length) return last;
  const byte = last.charCodeAt(at);
  if (byte === 0xff || byte + 1 >= next.charCodeAt(at)) return last;
  return last.slice(0, at) + String.fromCharCode(byte + 1);
}

/** A short key that is no less than `last`. */
function successor(last: string): string {
  const at = [...last].findIndex((char) => char !== "\xff");
  return at < 0 ? last : last.slice(0, at) + String.fromCharCode(last.charCodeAt(at) + 1);
}
