import koffi from "koffi";

/** A pointer to something that lives in C. */
type Pointer = bigint;

const POINTER_BYTES = 8;

/**
 * C strings and a table of pointers to them, in one block of native memory that this object owns. `free` it after the
 * last call that was given any of the pointers has returned.
 */
export class NativeNames {
  /** `const char *const *`: the names in the order given. */
  readonly table: Pointer;
  /** `const char *` of each. */
  readonly pointers: readonly Pointer[];

  constructor(names: readonly string[]) {
    const encoded = names.map((name) => new TextEncoder().encode(name));
    const tableBytes = names.length * POINTER_BYTES;
    const size = encoded.reduce((total, bytes) => total + bytes.length + 1, tableBytes);
    // One byte more, as an allocation of nothing has no address.
    this.table = koffi.alloc("uint8_t", size + 1);
    const bytes = new Uint8Array(koffi.view(this.table, size + 1)).fill(0);
    let offset = tableBytes;
    const pointers: Pointer[] = [];
    for (const name of encoded) {
      bytes.set(name, offset);
      pointers.push(this.table + BigInt(offset));
      offset += name.length + 1;
    }
    new BigUint64Array(bytes.buffer, 0, names.length).set(pointers);
    this.pointers = pointers;
  }

  free(): void {
    koffi.free(this.table);
  }
}
