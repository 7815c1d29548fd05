import { internal, resourceExhausted } from "../../status/status.ts";
import { PREFIX_LENGTH, type ReceivedMessage } from "./framing.ts";

/** Cuts what arrives of a call into its messages. For small ones: what is incomplete is copied with each piece. */
export class MessageSplitter {
  readonly #maxLength: number;
  #rest: Buffer = Buffer.alloc(0);

  /** @param maxLength in bytes, of a message as it is sent. */
  constructor(maxLength: number) {
    this.#maxLength = maxLength;
  }

  /**
   * The messages that are complete with this piece.
   * @throws StatusError RESOURCE_EXHAUSTED for a message over the limit; INTERNAL for an invalid prefix.
   */
  push(piece: Uint8Array): readonly ReceivedMessage[] {
    this.#rest = Buffer.concat([this.#rest, piece]);
    const messages: ReceivedMessage[] = [];
    while (this.#rest.length >= PREFIX_LENGTH) {
      const flag = this.#rest[0]!;
      const length = this.#rest.readUInt32BE(1);
      if (flag > 1) throw internal(`Invalid compressed flag ${flag} in a message prefix`);
      if (length > this.#maxLength) {
        throw resourceExhausted(`Received message larger than max (${length} vs. ${this.#maxLength})`);
      }
      const end = PREFIX_LENGTH + length;
      if (this.#rest.length < end) break;
      messages.push({ bytes: this.#rest.subarray(PREFIX_LENGTH, end), compressed: flag === 1 });
      this.#rest = this.#rest.subarray(end);
    }
    return messages;
  }

  /** @throws StatusError INTERNAL if the client ended in the middle of a message. */
  finish(): void {
    if (this.#rest.length > 0) throw internal("Request ended inside a message");
  }
}
