/** RFC 9113, 6. */
export const FrameType = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

export const Flag = { END_STREAM: 0x1, ACK: 0x1, END_HEADERS: 0x4, PADDED: 0x8, PRIORITY: 0x20 } as const;

/** RFC 9113, 7. */
export const ErrorCode = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  COMPRESSION_ERROR: 9,
  ENHANCE_YOUR_CALM: 11,
} as const;

export const FRAME_HEAD_LENGTH = 9;

/** What either side may send before it has heard of other settings, in bytes. */
export const DEFAULT_WINDOW = 65_535;
export const DEFAULT_MAX_FRAME_LENGTH = 16_384;

/** The largest window, and the largest stream id. */
export const MAX_UINT31 = 2 ** 31 - 1;

/** What ends a connection (RFC 9113, 5.4.1). Never leaves it. */
export class ConnectionError extends Error {
  readonly code: number;

  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export function protocolError(what: string): ConnectionError {
  return new ConnectionError(ErrorCode.PROTOCOL_ERROR, what);
}

/** @throws ConnectionError for a payload of another length. */
export function expectLength(payload: Uint8Array, length: number): void {
  if (payload.length === length) return;
  throw new ConnectionError(ErrorCode.FRAME_SIZE_ERROR, `${payload.length} bytes in place of ${length}`);
}

/** @returns the position after the head. */
export function writeFrameHead(
  out: Uint8Array,
  at: number,
  length: number,
  type: number,
  flags: number,
  stream: number,
): number {
  out[at] = length >>> 16;
  out[at + 1] = length >>> 8;
  out[at + 2] = length;
  out[at + 3] = type;
  out[at + 4] = flags;
  out[at + 5] = stream >>> 24;
  out[at + 6] = stream >>> 16;
  out[at + 7] = stream >>> 8;
  out[at + 8] = stream;
  return at + FRAME_HEAD_LENGTH;
}

/** A whole frame, with a copy of its payload. */
export function frameOf(type: number, flags: number, stream: number, payload: Uint8Array): Buffer {
  const out = Buffer.allocUnsafe(FRAME_HEAD_LENGTH + payload.length);
  out.set(payload, writeFrameHead(out, 0, payload.length, type, flags, stream));
  return out;
}

/** A frame whose payload is one or more 32-bit numbers. */
export function numberFrame(type: number, stream: number, ...numbers: readonly number[]): Buffer {
  const payload = Buffer.allocUnsafe(4 * numbers.length);
  for (const [i, number] of numbers.entries()) payload.writeUInt32BE(number, 4 * i);
  return frameOf(type, 0, stream, payload);
}
