import { promisify } from "node:util";
import zlib from "node:zlib";

/** What compressed messages and bodies come in. */
export type Compression = "gzip" | "deflate" | "zstd";

interface Options {
  readonly maxOutputLength: number;
  readonly chunkSize?: number;
}

interface Inflater {
  readonly now: (bytes: Uint8Array, options: Options) => Uint8Array;
  readonly later: (bytes: Uint8Array, options: Options) => Promise<Uint8Array>;
}

// Promises that are made of callbacks, since zlib's own functions return none.
const INFLATERS: Readonly<Record<Compression, Inflater>> = {
  gzip: {
    now: zlib.gunzipSync,
    later: promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  },
  deflate: {
    now: zlib.inflateSync,
    later: promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.inflate),
  },
  zstd: {
    now: zlib.zstdDecompressSync,
    later: promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress),
  },
};

/** What is longer, or becomes longer than this, is decompressed on a thread of libuv's instead of the calling one. */
const SYNC_LENGTH = 64 << 10;
const SYNC_RESULT = 1 << 20;

/**
 * 32 KB of zstd can hold 1 GiB, which a request would then keep its thread busy with for a minute. Data that is worth
 * sending doesn't shrink to so little; what repeats itself, such as an image of zeros, may be so long all the same.
 */
const MOST_GROWTH = 200;
const LEAST_LIMIT = 64 << 20;

const CHUNK = 256 << 10;

/** What the result of {@link inflate} has when it would be too long, in place of the bytes. */
export class TooLong {
  /** Bytes that it might have had. */
  readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }
}

/** What waits for its turn on this thread: each inflation may take 64 MiB, whatever it is made of. */
let turn: Promise<unknown> = Promise.resolve();

/**
 * What `bytes` were before they were compressed; of a long one later. Decompression stops where the result gets longer
 * than it may: `maxLength`, and 200 times as long as `bytes` if that is more than 64 MiB.
 * @throws Error (or rejects) for what is no such data.
 */
export function inflate(
  compression: Compression,
  bytes: Uint8Array,
  maxLength: number,
): Uint8Array | TooLong | Promise<Uint8Array | TooLong> {
  const { now, later } = INFLATERS[compression];
  const limit = Math.min(maxLength, Math.max(LEAST_LIMIT, MOST_GROWTH * bytes.length));
  if (bytes.length <= SYNC_LENGTH) {
    try {
      return now(bytes, { maxOutputLength: Math.min(limit, SYNC_RESULT) });
    } catch (error) {
      if (!isTooLong(error)) throw error;
      if (limit <= SYNC_RESULT) return new TooLong(limit);
    }
  }
  const result = turn
    .then(() => later(bytes, { maxOutputLength: limit, chunkSize: CHUNK }))
    .catch((error: unknown) => {
      if (isTooLong(error)) return new TooLong(limit);
      throw error;
    });
  turn = result.catch(() => {});
  return result;
}

function isTooLong(error: unknown): boolean {
  return (error as NodeJS.ErrnoException).code === "ERR_BUFFER_TOO_LARGE";
}
