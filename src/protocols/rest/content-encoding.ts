import { promisify } from "node:util";
import zlib from "node:zlib";
import type { HttpRequest } from "../unary.ts";

const EMPTY = new Uint8Array(0);

/** Compressed bodies above this size are decompressed on a thread of libuv's instead of the calling one. */
const SYNC_LENGTH = 64 << 10;

interface Decoder {
  readonly now: (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
  readonly later: (bytes: Uint8Array, options: { maxOutputLength: number }) => Promise<Uint8Array>;
}

const GZIP: Decoder = {
  now: zlib.gunzipSync,
  later: promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gunzip),
};
const ZSTD: Decoder = {
  now: zlib.zstdDecompressSync,
  later: promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdDecompress),
};

/**
 * The request's body as it was before `Content-Encoding: gzip` or `zstd`; that of a large one resolves later. One that
 * can't be decoded, or grows beyond the limit, counts as empty, as TensorFlow Serving has it for gzip.
 * @param maxBytes of the decoded body.
 */
export function decodedBody(
  { headers, body }: HttpRequest,
  maxBytes: number,
): Uint8Array | Promise<Uint8Array> {
  const decoder = decoderOf(headers["content-encoding"]);
  if (decoder === undefined) return body;
  const options = { maxOutputLength: maxBytes };
  if (body.length > SYNC_LENGTH) return decoder.later(body, options).catch(() => EMPTY);
  try {
    return decoder.now(body, options);
  } catch {
    return EMPTY;
  }
}

function decoderOf(encoding: string | string[] | undefined): Decoder | undefined {
  if (typeof encoding !== "string") return undefined;
  const name = encoding.toLowerCase();
  // TensorFlow Serving looks for the word, wherever it stands.
  if (name.includes("gzip")) return GZIP;
  return name.trim() === "zstd" ? ZSTD : undefined;
}
