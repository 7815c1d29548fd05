import { resourceExhausted } from "../status/status.ts";

/** What one request may make of its bytes; plain data. */
export interface RequestLimits {
  /**
   * Strings, lists, objects, examples and the like, each of which takes 50 to 250 bytes of the thread's heap, however few
   * it takes of the message (--max_request_items).
   */
  readonly items: number;
  /** Bytes that come of repeating what was sent once: a tensor's last value, a context of examples (--max_fill_bytes). */
  readonly fillBytes: number;
}

export const DEFAULT_REQUEST_LIMITS: RequestLimits = { items: 1_000_000, fillBytes: 64 << 20 };

/**
 * So many fields of a message that are remembered until they are decoded take what an item does: 24 bytes each, and over twice
 * that while their list grows.
 */
export const FIELDS_PER_ITEM = 2;

/** What of its limits one request has left. */
export class RequestAllowance {
  readonly limits: RequestLimits;
  #items: number;
  #fillBytes: number;

  constructor(limits: RequestLimits = DEFAULT_REQUEST_LIMITS) {
    this.limits = limits;
    this.#items = limits.items;
    this.#fillBytes = limits.fillBytes;
  }

  /** @throws StatusError RESOURCE_EXHAUSTED if there are more than the request may have. */
  takeItems(count = 1): void {
    this.#items -= count;
    if (this.#items >= 0) return;
    throw resourceExhausted(
      `the request has more than ${this.limits.items} strings, examples or other items; send fewer at a time, or set ` +
        "--max_request_items",
    );
  }

  /**
   * @param bytes beyond what the message carries.
   * @param what is repeated, for the error.
   * @throws StatusError RESOURCE_EXHAUSTED if that is more than the request has left.
   */
  takeFill(bytes: number, what: () => string): void {
    if (bytes <= 0) return;
    if (bytes > this.#fillBytes) {
      throw resourceExhausted(
        `repeating ${what()} takes ${bytes} bytes, ${this.#fillBytes} are left for this request; send the values ` +
          "instead, or set --max_fill_bytes",
      );
    }
    this.#fillBytes -= bytes;
  }
}
