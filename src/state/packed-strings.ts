/** Strings one after the other, each behind its length in bytes (uint32). */
export function packStrings(strings: readonly Uint8Array[]): Uint8Array {
  const packed = new Uint8Array(strings.reduce((sum, text) => sum + 4 + text.length, 0));
  const view = new DataView(packed.buffer);
  let at = 0;
  for (const text of strings) {
    view.setUint32(at, text.length, true);
    packed.set(text, at + 4);
    at += 4 + text.length;
  }
  return packed;
}

/** Copies of the first `count` strings. */
export function unpackStrings(packed: Uint8Array, count: number): Uint8Array[] {
  const view = new DataView(packed.buffer, packed.byteOffset);
  const strings: Uint8Array[] = [];
  for (let at = 0; strings.length < count; ) {
    const length = view.getUint32(at, true);
    strings.push(new Uint8Array(packed.subarray(at + 4, at + 4 + length)));
    at += 4 + length;
  }
  return strings;
}
