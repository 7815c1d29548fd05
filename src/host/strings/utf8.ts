const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/** Malformed parts become U+FFFD; a byte order mark is text. */
export function textOfUtf8(bytes: Uint8Array): string {
  return decoder.decode(bytes);
}

/** Lone surrogates become U+FFFD. */
export function utf8OfText(text: string): Uint8Array {
  return encoder.encode(text);
}

/** Whether a byte continues a UTF-8 sequence; TensorFlow counts characters by the bytes that don't. */
export function isTrailByte(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

export function countUtf8Characters(bytes: Uint8Array): number {
  let count = 0;
  for (let i = 0; i < bytes.length; i++) if (!isTrailByte(bytes[i]!)) count++;
  return count;
}

export function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! >= 0x80) return false;
  return true;
}
