import net from "node:net";
import { frame, headerBlock, PREFACE } from "../src/listeners/http2/raw-frame-cases.ts";

export const Frame = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;
export const END_STREAM = 1;
export const END_HEADERS = 4;
export const ENHANCE_YOUR_CALM = 11;

export const PREDICT = "/tensorflow.serving.PredictionService/Predict";

export function callHeaders(path: string, more: Readonly<Record<string, string>> = {}): Buffer {
  return headerBlock({
    ":method": "POST",
    ":scheme": "http",
    ":path": path,
    ":authority": "localhost",
    "content-type": "application/grpc",
    te: "trailers",
    ...more,
  });
}

/** A message behind gRPC's prefix. */
export function framed(message: Uint8Array, compressed = false): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = compressed ? 1 : 0;
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

const LARGEST = 16_384;

/** The frames of a whole call. */
export function callFrames(stream: number, headers: Buffer, body: Buffer): Buffer {
  const frames = [frame(Frame.HEADERS, END_HEADERS, stream, headers)];
  for (let at = 0; at < body.length || at === 0; at += LARGEST) {
    const isLast = at + LARGEST >= body.length;
    frames.push(frame(Frame.DATA, isLast ? END_STREAM : 0, stream, body.subarray(at, at + LARGEST)));
  }
  return Buffer.concat(frames);
}

interface Received {
  readonly type: number;
  readonly stream: number;
  readonly payload: Buffer;
}

/** A connection that says what it likes. */
export class RawConnection {
  readonly #socket: net.Socket;
  /** Resolves when the server has closed it. */
  readonly closed: Promise<void>;
  readonly #frames: Received[] = [];
  #rest: Buffer = Buffer.alloc(0);

  private constructor(socket: net.Socket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once("close", () => resolve()));
  }

  static async open(port: number, ...first: readonly Uint8Array[]): Promise<RawConnection> {
    const socket = net.connect(port, "127.0.0.1");
    socket.on("error", () => {});
    await new Promise((resolve) => socket.once("connect", resolve));
    const connection = new RawConnection(socket);
    socket.on("data", (chunk: Buffer) => connection.#receive(chunk));
    for (const piece of first) socket.write(piece);
    return connection;
  }

  /** With HTTP/2's greeting behind it. */
  static greeted(port: number, settings: Uint8Array = new Uint8Array(0)): Promise<RawConnection> {
    return RawConnection.open(port, PREFACE, frame(Frame.SETTINGS, 0, 0, settings));
  }

  get isClosed(): boolean {
    return this.#socket.destroyed;
  }

  /** What has come, as far as it is whole. */
  get frames(): readonly Received[] {
    return this.#frames;
  }

  #receive(chunk: Buffer): void {
    let bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    while (bytes.length >= 9) {
      const end = 9 + bytes.readUIntBE(0, 3);
      if (bytes.length < end) break;
      const payload = Buffer.from(bytes.subarray(9, end));
      this.#frames.push({ type: bytes[3]!, stream: bytes.readUInt32BE(5), payload });
      bytes = bytes.subarray(end);
    }
    this.#rest = bytes;
  }

  /** The error code with which the server has ended the connection. */
  get goaway(): number | undefined {
    return this.#frames.findLast(({ type }) => type === Frame.GOAWAY)?.payload.readUInt32BE(4);
  }

  /** The gRPC status of the first call that has ended, and its text. */
  get status(): { readonly code: number; readonly text: string } | undefined {
    for (const { type, payload } of this.#frames) {
      if (type !== Frame.HEADERS) continue;
      const code = literalAfter(payload, "grpc-status");
      if (code === undefined) continue;
      return { code: Number(code), text: decodeURIComponent(literalAfter(payload, "grpc-message") ?? "") };
    }
    return undefined;
  }

  /** Reads no more of what the server sends. */
  stopReading(): void {
    this.#socket.pause();
  }

  /** Resolves when the system has taken it, or the connection is gone, or after the time: with whether it was taken. */
  async send(bytes: Uint8Array, milliseconds = 2000): Promise<boolean> {
    if (this.isClosed) return false;
    const taken = new Promise<boolean>((resolve) => this.#socket.write(bytes, () => resolve(true)));
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<boolean>((resolve) => {
      timer = setTimeout(() => resolve(false), milliseconds);
    });
    const result = await Promise.race([taken, late, this.closed.then(() => false)]);
    clearTimeout(timer);
    return result;
  }

  destroy(): void {
    this.#socket.destroy();
  }
}

/** The value of a header that the server encodes as it is, without Huffman's code. */
function literalAfter(block: Buffer, name: string): string | undefined {
  const found = block.indexOf(name);
  if (found < 0) return undefined;
  let at = found + name.length;
  let length = block[at++]!;
  if (length === 127) {
    for (let shift = 0; ; shift += 7) {
      const byte = block[at++]!;
      length += (byte & 127) << shift;
      if (byte < 128) break;
    }
  }
  return block.toString("latin1", at, at + length);
}
