import { createWriteStream } from "node:fs";
import type { FileHandle } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { fromFdPromise, type ZipFile } from "yauzl";
import { dataLoss } from "../../../status/status.ts";

/** The libraries, which are flat in one folder of the jar, and the licenses; not Java's glue. */
const NEEDED = /^(libtensorflow[\w.]*|LICENSE[\w.]*|NOTICE[\w.]*)$/;

/**
 * Writes what is needed of a jar into a folder, each file to the disk before the next.
 * @param progress called with how many bytes of how many are written.
 * @throws StatusError DATA_LOSS if the jar can't be read. What writing throws.
 */
export async function unpack(
  jar: FileHandle,
  folder: string,
  progress: (done: number, total: number) => void,
): Promise<void> {
  const zip = await readable(() => fromFdPromise(jar.fd, { autoClose: false, lazyEntries: true }));
  const entries = await readable(async () => (await entriesOf(zip)).filter(({ name }) => NEEDED.test(name)));
  const total = entries.reduce((sum, { entry }) => sum + entry.uncompressedSize, 0);
  let done = 0;
  for (const { name, entry } of entries) {
    const from = await readable(() => zip.openReadStreamPromise(entry));
    // It resolves when the file is closed, which is after it is on the disk.
    await pipeline(
      from,
      async function* (pieces: AsyncIterable<Uint8Array>) {
        for await (const piece of pieces) {
          yield piece;
          done += piece.length;
          progress(done, total);
        }
      },
      createWriteStream(join(folder, name), { flags: "wx", mode: 0o644, flush: true }),
    );
  }
}

async function entriesOf(zip: ZipFile) {
  const entries = [];
  for await (const entry of zip.eachEntry()) {
    entries.push({ entry, name: entry.fileName.slice(entry.fileName.lastIndexOf("/") + 1) });
  }
  return entries;
}

async function readable<T>(read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    throw dataLoss(`The jar can't be unpacked: ${(error as Error).message}`);
  }
}
