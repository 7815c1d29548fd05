import { ConnectionError, ErrorCode } from "./frames.ts";

const PREFACE = Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "latin1");

/** The bytes that a client begins a connection with (RFC 9113, 3.4), in whatever pieces they come. */
export class Preface {
  #have = 0;

  get isComplete(): boolean {
    return this.#have === PREFACE.length;
  }

  /**
   * What comes behind the preface.
   * @throws ConnectionError for anything else in its place.
   */
  strip(chunk: Buffer): Buffer {
    if (this.isComplete) return chunk;
    const length = Math.min(PREFACE.length - this.#have, chunk.length);
    const expected = PREFACE.subarray(this.#have, this.#have + length);
    if (!chunk.subarray(0, length).equals(expected)) {
      throw new ConnectionError(ErrorCode.PROTOCOL_ERROR, "No HTTP/2 preface");
    }
    this.#have += length;
    return chunk.subarray(length);
  }
}
