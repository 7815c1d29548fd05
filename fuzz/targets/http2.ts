import assert from "node:assert/strict";
import { EventEmitter } from "node:events";
import type { Socket } from "node:net";
import { ServerConnection } from "../../src/listeners/http2/connection.ts";
import { FrameReader } from "../../src/listeners/http2/frame-reader.ts";
import { ConnectionError, DEFAULT_MAX_FRAME_LENGTH } from "../../src/listeners/http2/frames.ts";
import { HeaderDecoder } from "../../src/listeners/http2/hpack/decoder.ts";
import { encodeHeaders } from "../../src/listeners/http2/hpack/encode.ts";
import { frame } from "../../src/listeners/http2/raw-frame-cases.ts";
import type { FuzzTarget } from "../target.ts";

/** What `work` gives; undefined if the connection is ended for it. */
function unlessEnded<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    if (error instanceof ConnectionError) return undefined;
    throw error;
  }
}

const HEADERS = encodeHeaders({
  ":status": 200,
  "content-type": "application/grpc",
  te: "trailers",
});
/** :method POST, :scheme http, :path /x, te: trailers: indexed, and as literals (RFC 7541, 6.1 and 6.2.2). */
const REQUEST_HEADERS = Buffer.concat([
  Buffer.of(0x83, 0x86, 0x04, 2),
  Buffer.from("/x"),
  Buffer.of(0x00, 2),
  Buffer.from("te"),
  Buffer.of(8),
  Buffer.from("trailers"),
]);

const FRAMES = Buffer.concat([
  frame(4, 0, 0, Buffer.from("000400010000", "hex")),
  frame(1, 4, 1, REQUEST_HEADERS),
  frame(0, 1, 1, Buffer.from("0000000000", "hex")),
  frame(8, 0, 0, Buffer.from("00000100", "hex")),
  frame(6, 0, 0, Buffer.alloc(8)),
  frame(3, 0, 1, Buffer.alloc(4)),
]);

/** Frames are the same in whatever pieces they arrive. */
const frames: FuzzTarget = {
  name: "http2: frames",
  seeds: [FRAMES],
  run(input) {
    const read = (size: number) => {
      const seen: string[] = [];
      let data = "";
      const reader = new FrameReader(
        {
          onData: (stream, piece, _, flags) => {
            data += `${stream} ${Buffer.from(piece).toString("hex")} ${flags} `;
          },
          onFrame: (type, flags, stream, payload) =>
            seen.push(`${type} ${flags} ${stream} ${payload.toString("hex")}`),
        },
        DEFAULT_MAX_FRAME_LENGTH,
      );
      const complete = unlessEnded(() => {
        for (let at = 0; at < input.length; at += size)
          reader.push(Buffer.from(input.subarray(at, at + size)));
        return true;
      });
      return { seen, complete, hasData: data !== "" };
    };
    const [whole, pieces] = [read(input.length || 1), read(1)];
    assert.deepEqual(pieces.seen, whole.seen);
    assert.equal(pieces.complete, whole.complete);
  },
};

const hpack: FuzzTarget = {
  name: "http2: header blocks",
  seeds: [HEADERS, REQUEST_HEADERS],
  run(input) {
    const decoder = new HeaderDecoder(1 << 14);
    for (let i = 0; i < 3; i++) unlessEnded(() => decoder.decode(Buffer.from(input)));
  },
};

/** A socket that only takes. */
class Sink extends EventEmitter {
  writable = true;
  readonly writableLength = 0;
  readonly bytesWritten = 0;
  write(): boolean {
    return true;
  }
  cork(): void {}
  uncork(): void {}
  end(): void {
    this.writable = false;
  }
  destroy(): void {
    this.writable = false;
    this.emit("close");
  }
}

/** Whatever a client sends, nothing leaves the connection but frames. */
const connection: FuzzTarget = {
  name: "http2: connection",
  seeds: [FRAMES],
  run(input) {
    const socket = new Sink();
    const failures: unknown[] = [];
    new ServerConnection(socket as unknown as Socket, {
      maxConcurrentStreams: 10,
      maxHeaderBytes: 1 << 14,
      open: (stream) => ({
        data() {},
        end: () => stream.respond(HEADERS, Buffer.from("body"), HEADERS),
        late() {},
        cancel() {},
      }),
      onBuffer() {},
      onFailure: (error) => failures.push(error),
    });
    socket.emit("data", Buffer.from("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"));
    for (let at = 0; at < input.length; at += 7) {
      if (socket.writable) socket.emit("data", Buffer.from(input.subarray(at, at + 7)));
    }
    socket.destroy();
    if (failures.length > 0) throw failures[0];
  },
};

export const http2Targets: readonly FuzzTarget[] = [frames, hpack, connection];
