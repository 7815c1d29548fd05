import { readRecords } from "../formats/tf-record/tf-record.ts";
import { asStatusError, Code, invalidArgument } from "../status/status.ts";
import type { Storage } from "../storage/storage.ts";

/**
 * Reads the records of a warmup file or a request log. A log that a server writes to may end in the middle of a record, which is said and passed over.
 * @param passedOver told in words of what was left out.
 * @returns how many records there were.
 */
export async function forEachLogged(
  storage: Storage,
  path: string,
  take: (bytes: Uint8Array) => void,
  passedOver: (what: string) => void,
): Promise<number> {
  const file = await storage.open(path);
  let index = 0;
  try {
    for (const bytes of readRecords(file)) {
      take(bytes);
      index++;
    }
  } catch (error) {
    const status = asStatusError(error);
    if (status.code === Code.INVALID_ARGUMENT)
      throw invalidArgument(`${path}, record ${index}: ${status.message}`);
    const isCutOff = status.code === Code.DATA_LOSS && status.message.startsWith("truncated record");
    if (!isCutOff) throw error;
    passedOver(status.message);
  } finally {
    file.close();
  }
  return index;
}
