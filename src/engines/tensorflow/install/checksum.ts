import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";

const PIECE_BYTES = 1 << 20;

/**
 * The SHA-256 of a whole file, in lower-case hex.
 * @param progress called with how many bytes are read.
 */
export async function sha256(file: FileHandle, progress: (done: number) => void): Promise<string> {
  const hash = createHash("sha256");
  const piece = Buffer.allocUnsafe(PIECE_BYTES);
  for (let position = 0; ; ) {
    const { bytesRead } = await file.read(piece, 0, PIECE_BYTES, position);
    if (bytesRead === 0) return hash.digest("hex");
    hash.update(piece.subarray(0, bytesRead));
    position += bytesRead;
    progress(position);
  }
}
