import { Code, internal, resourceExhausted, StatusError } from "../../status/status.ts";
import { inflate, TooLong } from "../inflate.ts";

/**
 * The value of `grpc-accept-encoding`: what a request may be compressed with. gRPC's `deflate` is the zlib format
 * (https://github.com/grpc/grpc/blob/master/doc/compression.md). Responses are never compressed, which is also what
 * gRPC's C++ servers do unless they are told otherwise.
 */
export const ACCEPTED_ENCODINGS = "identity,deflate,gzip";

/** How a call's `grpc-encoding` compresses messages. */
export type Encoding = "identity" | "deflate" | "gzip";

/** @throws StatusError UNIMPLEMENTED for an encoding that isn't supported. */
export function parseEncoding(header: string | undefined): Encoding {
  switch (header) {
    case undefined:
      return "identity";
    case "identity":
    case "deflate":
    case "gzip":
      return header;
    default:
      throw new StatusError(
        Code.UNIMPLEMENTED,
        `Compression algorithm '${header}' is not supported, only ${ACCEPTED_ENCODINGS}`,
      );
  }
}

/**
 * The content of a message whose compressed flag is set. Large ones resolve later.
 * @param maxLength of the result in bytes: decompression stops there, or earlier, as `inflate` does.
 * @throws StatusError (or rejects with one) RESOURCE_EXHAUSTED for what grows too long; INTERNAL for bytes that are not
 * what the encoding says, or a flag without an encoding.
 */
export function decompress(
  encoding: Encoding,
  bytes: Uint8Array,
  maxLength: number,
): Uint8Array | Promise<Uint8Array> {
  if (encoding === "identity") throw internal("Compressed flag set, but the call has no grpc-encoding");
  const invalid = (error: unknown) =>
    internal(`Message is not valid ${encoding} data: ${(error as Error).message}`);
  let message: ReturnType<typeof inflate>;
  try {
    message = inflate(encoding, bytes, maxLength);
  } catch (error) {
    throw invalid(error);
  }
  if (!(message instanceof Promise)) return unlessTooLong(message);
  return message.then(unlessTooLong, (error: unknown) => {
    throw invalid(error);
  });
}

function unlessTooLong(message: Uint8Array | TooLong): Uint8Array {
  if (!(message instanceof TooLong)) return message;
  const { limit } = message;
  throw resourceExhausted(`Received message larger than max (more than ${limit} vs. ${limit})`);
}
