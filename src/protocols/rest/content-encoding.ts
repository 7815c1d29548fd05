import { type Compression, inflate, type TooLong } from "../inflate.ts";
import type { HttpRequest } from "../unary.ts";

const EMPTY = new Uint8Array(0);

/**
 * The request's body as it was before `Content-Encoding: gzip` or `zstd`; that of a large one resolves later. One that
 * can't be decoded counts as empty, as TensorFlow Serving has it for gzip.
 * @param maxBytes of the decoded body.
 */
export function decodedBody(
  { headers, body }: HttpRequest,
  maxBytes: number,
): Uint8Array | TooLong | Promise<Uint8Array | TooLong> {
  const compression = compressionOf(headers["content-encoding"]);
  if (compression === undefined) return body;
  try {
    const decoded = inflate(compression, body, maxBytes);
    return decoded instanceof Promise ? decoded.catch(() => EMPTY) : decoded;
  } catch {
    return EMPTY;
  }
}

function compressionOf(encoding: string | string[] | undefined): Compression | undefined {
  if (typeof encoding !== "string") return undefined;
  const name = encoding.toLowerCase();
  // TensorFlow Serving looks for the word, wherever it stands.
  if (name.includes("gzip")) return "gzip";
  return name.trim() === "zstd" ? "zstd" : undefined;
}
