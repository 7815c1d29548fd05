import { promisify } from "node:util";
import zlib from "node:zlib";
import { invalidArgument } from "../../status/status.ts";
import type { HttpHandler, HttpRequest, HttpResponse } from "../unary.ts";

/** What a reply can be compressed with. */
export type ContentCoding = "gzip" | "zstd";

interface Encoder {
  readonly now: (bytes: Uint8Array) => Uint8Array;
  readonly later: (bytes: Uint8Array) => Promise<Uint8Array>;
}

/** Smaller bodies fit into a packet or two: compressing them costs more than it gives. */
const LEAST_BYTES = 1024;

/** Bodies above this size are compressed on a thread of libuv's instead of the calling one. */
const SYNC_LENGTH = 64 << 10;

// The fastest levels: for 2 MB of floats as JSON, gzip takes 17 ms at level 1 and 67 ms at 6, for 4 % less; zstd takes
// 5 ms at level 1 and 12 ms at 3, for nothing.
const GZIP = { level: 1 };
const ZSTD = { params: { [zlib.constants.ZSTD_c_compressionLevel]: 1 } };

const gzip = promisify<zlib.InputType, zlib.ZlibOptions, Buffer>(zlib.gzip);
const zstdCompress = promisify<zlib.InputType, zlib.ZstdOptions, Buffer>(zlib.zstdCompress);

const ENCODERS: Readonly<Record<ContentCoding, Encoder>> = {
  gzip: { now: (bytes) => zlib.gzipSync(bytes, GZIP), later: (bytes) => gzip(bytes, GZIP) },
  zstd: {
    now: (bytes) => zlib.zstdCompressSync(bytes, ZSTD),
    later: (bytes) => zstdCompress(bytes, ZSTD),
  },
};

/**
 * The value of --rest_api_response_compression.
 * @param text `none`, or codings separated by commas, the best first.
 * @throws StatusError INVALID_ARGUMENT for anything else.
 */
export function parseCodings(text: string): readonly ContentCoding[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.length === 1 && names[0] === "none") return [];
  for (const name of names) {
    if (Object.hasOwn(ENCODERS, name)) continue;
    throw invalidArgument(
      `--rest_api_response_compression takes none, or a list of ${Object.keys(ENCODERS).join(",")}, not "${text}"`,
    );
  }
  return names as ContentCoding[];
}

/**
 * Which coding a request prefers (RFC 9110, 12.5.3): the one of the highest weight, of several such the first of
 * `offered`; undefined for none. As no coding at all is always fine too, what isn't named is not used.
 */
export function negotiatedCoding(
  acceptEncoding: string,
  offered: readonly ContentCoding[],
): ContentCoding | undefined {
  const weights = new Map<string, number>();
  for (const item of acceptEncoding.toLowerCase().split(",")) {
    const [name, ...parameters] = item.split(";").map((part) => part.trim());
    const weight = parameters.find((parameter) => parameter.startsWith("q="));
    weights.set(name!, weight === undefined ? 1 : Number(weight.slice(2)) || 0);
  }
  let best: ContentCoding | undefined;
  let highest = 0;
  for (const coding of offered) {
    const weight = weights.get(coding) ?? weights.get("*") ?? 0;
    if (weight > highest) [best, highest] = [coding, weight];
  }
  return highest >= (weights.get("identity") ?? 0) ? best : undefined;
}

/** Compresses replies for clients that take it. @param offered the best first. */
export function withCompression(handler: HttpHandler, offered: readonly ContentCoding[]): HttpHandler {
  return (request) => {
    const reply = handler(request);
    return reply instanceof Promise
      ? reply.then((later) => compressed(request, later, offered))
      : compressed(request, reply, offered);
  };
}

function compressed(
  { headers }: HttpRequest,
  reply: HttpResponse,
  offered: readonly ContentCoding[],
): HttpResponse | Promise<HttpResponse> {
  const bytes = typeof reply.body === "string" ? Buffer.from(reply.body) : reply.body;
  if (bytes.length < LEAST_BYTES) return reply;
  const varied = { ...reply.headers, vary: "Accept-Encoding" };
  const coding = negotiatedCoding(String(headers["accept-encoding"] ?? ""), offered);
  if (coding === undefined) return { ...reply, headers: varied };
  const encoded = (body: Uint8Array): HttpResponse => ({
    status: reply.status,
    headers: { ...varied, "content-encoding": coding },
    body,
  });
  const { now, later } = ENCODERS[coding];
  return bytes.length > SYNC_LENGTH ? later(bytes).then(encoded) : encoded(now(bytes));
}
