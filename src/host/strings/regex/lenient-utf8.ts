import { isUtf8 } from "node:buffer";

/** U+FFFD and U+10FFFF: characters of three and four bytes that hardly a pattern tells apart from others. */
const THREE_BYTES = [0xef, 0xbf, 0xbd];
const FOUR_BYTES = [0xf4, 0x8f, 0xbf, 0xbf];

/**
 * The bytes as RE2 reads them: it looks at the lead byte and at how many continuation bytes follow, so that surrogates,
 * overlong forms of three and four bytes and numbers just beyond U+10FFFF are characters to it, which UTF-8 forbids. In
 * their place stands a character of the same length, so that positions stay as they are.
 */
export function asRe2Reads(bytes: Uint8Array): Uint8Array {
  if (isUtf8(bytes)) return bytes;
  const readable = bytes.slice();
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes[at]!;
    const length = lead < 0xc2 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : lead < 0xf5 ? 4 : 1;
    if (!continues(bytes, at, length)) {
      at++;
      continue;
    }
    if (length > 2 && !isUtf8(bytes.subarray(at, at + length))) {
      readable.set(length === 3 ? THREE_BYTES : FOUR_BYTES, at);
    }
    at += length;
  }
  return readable;
}

function continues(bytes: Uint8Array, at: number, length: number): boolean {
  for (let i = 1; i < length; i++) {
    const byte = bytes[at + i];
    if (byte === undefined || (byte & 0xc0) !== 0x80) return false;
  }
  return true;
}
