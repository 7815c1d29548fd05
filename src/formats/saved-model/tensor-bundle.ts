import type { Storage } from "../../storage/storage.ts";
import { type BundleIndex, parseBundleIndex } from "./bundle-index.ts";
import {
  type BlockingFiles,
  indexFile,
  inFile,
  openIndexedBundle,
  openIndexedBundleNow,
  type TensorBundle,
} from "./stored-bundle.ts";

/**
 * @param prefix what the names of the bundle's files begin with, e.g. `/models/m/1/variables/variables`.
 * @throws StatusError NOT_FOUND if the index or a data file is missing; DATA_LOSS if the index is damaged or a data file
 *   is shorter than the index says; UNIMPLEMENTED for a big-endian bundle. Each names the file.
 */
export async function openBundle(storage: Storage, prefix: string): Promise<TensorBundle> {
  const path = indexFile(prefix);
  return openIndexedBundle(storage, prefix, parseIndex(path, await storage.readFile(path), false));
}

/** As {@link openBundle}, also of a bundle that lacks slices of its tensors: what is there of them can be read. */
export function openBundleNow(files: BlockingFiles, prefix: string): TensorBundle {
  const path = indexFile(prefix);
  return openIndexedBundleNow(files, prefix, parseIndex(path, files.readFile(path), true));
}

function parseIndex(path: string, bytes: Uint8Array, mayLackSlices: boolean): BundleIndex {
  return inFile(path, () => parseBundleIndex(bytes, mayLackSlices));
}
