import { badRequest, Refusal } from "./refusal.ts";
import { parseHeaders } from "./request-head.ts";

const [CR, LF, SEMICOLON, EQUALS] = [0x0d, 0x0a, 0x3b, 0x3d];
const TOKEN_BYTES = new Set(
  Buffer.from("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"),
);
/** The length of a chunk in hexadecimal digits, at most: 2^48 bytes are beyond any limit, and exact in a double. */
const MOST_DIGITS = 12;
/** What clients may say beside the lengths of a body's chunks, together. */
const MOST_EXTENSION_BYTES = 16 << 10;

/** Where in the body the next byte is. */
type Place = "size" | "extension" | "size LF" | "data" | "data CR" | "data LF" | "trailer" | "end";

/** Takes a body out of its chunks (RFC 9112, 7.1), strictly, in whatever pieces they come. Trailers are read and left. */
export class ChunkedBody {
  readonly #onData: (piece: Buffer) => void;
  readonly #maxTrailerBytes: number;
  #place: Place = "size";
  /** Bytes of the chunk that are still to come. */
  #left = 0;
  #digits = 0;
  #extensionBytes = 0;
  /** Which part of an extension comes, and whether any of it has come. */
  #word: "name" | "value" = "name";
  #isInWord = false;
  readonly #trailers: number[] = [];
  /** Where in them the current line begins. */
  #lineStart = 0;

  /**
   * @param onData gets the body's bytes.
   * @param maxTrailerBytes larger trailers are refused.
   */
  constructor(onData: (piece: Buffer) => void, maxTrailerBytes: number) {
    this.#onData = onData;
    this.#maxTrailerBytes = maxTrailerBytes;
  }

  /** Whether all of the body has come. */
  get isComplete(): boolean {
    return this.#place === "end";
  }

  /**
   * @returns how many of the bytes belong to the body: what is behind it is the next request's.
   * @throws Refusal
   */
  push(bytes: Buffer): number {
    let at = 0;
    while (at < bytes.length && this.#place !== "end") {
      if (this.#place === "data") {
        const end = Math.min(bytes.length, at + this.#left);
        this.#onData(bytes.subarray(at, end));
        this.#left -= end - at;
        at = end;
        if (this.#left === 0) this.#place = "data CR";
      } else {
        this.#take(bytes[at++]!);
      }
    }
    return at;
  }

  #take(byte: number): void {
    switch (this.#place) {
      case "size":
        this.#takeSize(byte);
        break;
      case "extension":
        this.#takeExtension(byte);
        break;
      case "size LF":
        if (byte !== LF) throw badRequest("expected a line end behind a chunk's size");
        this.#place = this.#left > 0 ? "data" : "trailer";
        this.#digits = 0;
        break;
      case "data CR":
        if (byte !== CR) throw badRequest("a chunk is longer than its size");
        this.#place = "data LF";
        break;
      case "data LF":
        if (byte !== LF) throw badRequest("expected a line end behind a chunk");
        this.#place = "size";
        break;
      case "trailer":
        this.#takeTrailer(byte);
        break;
    }
  }

  #takeSize(byte: number): void {
    const digit = hexDigit(byte);
    if (digit >= 0) {
      if (++this.#digits > MOST_DIGITS) throw badRequest("the size of a chunk is too large");
      this.#left = this.#left * 16 + digit;
    } else if (this.#digits === 0) {
      throw badRequest("expected the size of a chunk in hexadecimal digits");
    } else if (byte === CR) {
      this.#place = "size LF";
    } else if (byte === SEMICOLON) {
      this.#place = "extension";
      this.#word = "name";
      this.#isInWord = false;
    } else {
      throw badRequest("expected a line end behind a chunk's size");
    }
  }

  /** `name` or `name=value`, as tokens: quoted values and blanks are refused, which no client is known to send. */
  #takeExtension(byte: number): void {
    if (++this.#extensionBytes > MOST_EXTENSION_BYTES) {
      throw new Refusal(
        413,
        `Payload Too Large: chunk extensions of more than ${MOST_EXTENSION_BYTES} bytes`,
      );
    }
    if (TOKEN_BYTES.has(byte)) {
      this.#isInWord = true;
      return;
    }
    const isNext = byte === CR || byte === SEMICOLON || (byte === EQUALS && this.#word === "name");
    if (!isNext || !this.#isInWord)
      throw badRequest("expected ;name=value and a line end behind a chunk's size");
    this.#isInWord = false;
    if (byte === CR) this.#place = "size LF";
    else this.#word = byte === EQUALS ? "value" : "name";
  }

  #takeTrailer(byte: number): void {
    const trailers = this.#trailers;
    if ((byte === LF) !== (trailers.at(-1) === CR)) throw badRequest("a bare CR or LF in trailers");
    trailers.push(byte);
    if (trailers.length > this.#maxTrailerBytes) {
      throw new Refusal(431, `Request Header Fields Too Large: more than ${this.#maxTrailerBytes} bytes`);
    }
    if (byte !== LF) return;
    const isEmpty = trailers.length - this.#lineStart === 2;
    this.#lineStart = trailers.length;
    if (!isEmpty) return;
    parseHeaders(Buffer.from(trailers).toString("latin1", 0, trailers.length - 2), 0);
    this.#place = "end";
  }
}

/** -1 if it is none. */
function hexDigit(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66 ? lower - 0x61 + 10 : -1;
}
