import type { Socket } from "node:net";

/** Frames of together no more than so many bytes are copied into one write. */
const COPY_BYTES = 64 << 10;

/** While a chunk is worked on, answers wait for each other at most so long. */
const LONGEST_HOLD_MILLISECONDS = 1;

/**
 * What a connection sends. Frames of one turn of the event loop leave in one write: each costs a system call, on both
 * sides, as much as a small request takes otherwise.
 */
export class Outgoing {
  readonly #socket: Socket;
  readonly #onBuffer: (bytes: number) => void;
  #frames: Uint8Array[] = [];
  #bytes = 0;
  #isHeld = false;
  #heldSince = 0;
  #isScheduled = false;

  readonly #flushLater = (): void => {
    this.#isScheduled = false;
    this.#flush();
  };

  /** @param onBuffer told of each buffer that is sent, how many bytes it has. */
  constructor(socket: Socket, onBuffer: (bytes: number) => void) {
    this.#socket = socket;
    this.#onBuffer = onBuffer;
  }

  /** Bytes that the peer has not read yet, beyond what the system buffers. */
  get unread(): number {
    return this.#socket.writableLength;
  }

  /** @param frame that must not change any more. */
  add(frame: Uint8Array): void {
    this.#frames.push(frame);
    this.#bytes += frame.length;
    if (this.#isHeld) {
      if (performance.now() - this.#heldSince > LONGEST_HOLD_MILLISECONDS) this.#flush();
    } else if (!this.#isScheduled) {
      this.#isScheduled = true;
      // Not with setImmediate: from within another, that waits for one more look at all sockets.
      process.nextTick(this.#flushLater);
    }
  }

  /** From now on frames wait for `release`. */
  hold(): void {
    this.#isHeld = true;
    this.#heldSince = performance.now();
  }

  release(): void {
    this.#isHeld = false;
    this.#flush();
  }

  /** Sends what there is and then closes the connection. */
  end(): void {
    this.#flush();
    this.#socket.end();
  }

  #flush(): void {
    const frames = this.#frames;
    if (frames.length === 0) return;
    const bytes = this.#bytes;
    this.#frames = [];
    this.#bytes = 0;
    if (!this.#socket.writable) return;
    this.#onBuffer(bytes);
    if (frames.length === 1) {
      this.#socket.write(frames[0]!);
    } else if (bytes <= COPY_BYTES) {
      this.#onBuffer(bytes);
      this.#socket.write(Buffer.concat(frames, bytes));
    } else {
      this.#socket.cork();
      for (const frame of frames) this.#socket.write(frame);
      this.#socket.uncork();
    }
  }
}
