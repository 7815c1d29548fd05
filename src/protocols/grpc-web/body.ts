import { Code, internal, StatusError } from "../../status/status.ts";
import { PREFIX_LENGTH, type ReceivedMessage } from "../grpc/framing.ts";

// gRPC-web's bodies: gRPC's length-prefixed messages, and the trailers as a last frame of a kind of its own
// (https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-WEB.md).

const COMPRESSED = 0x01;
const TRAILERS = 0x80;

/**
 * The one message of a unary call's request, as a view.
 * @throws StatusError UNIMPLEMENTED for none or several; INTERNAL for an invalid or incomplete frame.
 */
export function readMessage(body: Uint8Array): ReceivedMessage {
  let message: ReceivedMessage | undefined;
  for (let at = 0; at < body.length; ) {
    const flag = body[at]!;
    const start = at + PREFIX_LENGTH;
    if (start > body.length) throw internal("Request ended inside a message prefix");
    const length = new DataView(body.buffer, body.byteOffset + at + 1, 4).getUint32(0);
    const end = start + length;
    if (end > body.length) {
      throw internal(`Request ended after ${body.length - start} of ${length} bytes of its message`);
    }
    at = end;
    // What a client has to say at the end of a request doesn't matter to a unary call.
    if (flag === TRAILERS) continue;
    if (flag > COMPRESSED) throw internal(`Invalid compressed flag ${flag} in a message prefix`);
    if (message !== undefined) {
      throw new StatusError(Code.UNIMPLEMENTED, "Received more than one request message for a unary method");
    }
    message = { bytes: body.subarray(start, end), compressed: flag === COMPRESSED };
  }
  if (message !== undefined) return message;
  throw new StatusError(Code.UNIMPLEMENTED, "Received no request message for a unary method");
}

/** @param frame the response's message, if there is one. */
export function writeBody(frame: Uint8Array | undefined, trailers: Readonly<Record<string, string>>): Buffer {
  const lines = Object.entries(trailers).map(([name, value]) => `${name}:${value}\r\n`);
  const text = Buffer.from(lines.join(""), "latin1");
  const prefix = Buffer.alloc(PREFIX_LENGTH);
  prefix[0] = TRAILERS;
  prefix.writeUInt32BE(text.length, 1);
  return Buffer.concat(frame === undefined ? [prefix, text] : [frame, prefix, text]);
}

/** What the last of these pads ends a piece. */
const PADDED = /[^=]+=*|=+/g;
const PADDING = /={1,2}$/;
const NOT_BASE64 = /[^A-Za-z0-9+/]/;

/**
 * The bytes of a body of grpc-web-text: base64, of which each piece that a client sent may end in padding.
 * @throws StatusError INTERNAL for what is no base64.
 */
export function decodeText(body: Uint8Array): Uint8Array {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("latin1");
  const bytes = (text.match(PADDED) ?? []).map((piece) => {
    if (piece.length % 4 !== 0 || NOT_BASE64.test(piece.replace(PADDING, ""))) {
      throw internal("The body is not base64");
    }
    return Buffer.from(piece, "base64");
  });
  return bytes.length === 1 ? bytes[0]! : Buffer.concat(bytes);
}
