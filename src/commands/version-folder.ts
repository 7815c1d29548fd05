import { invalidArgument } from "../status/status.ts";
import { joinPath, type Storage } from "../storage/storage.ts";

/**
 * Tells who names a model's folder, where one of its versions is wanted, which there are. Whatever else is no version is for
 * the one who reads it to tell.
 * @throws StatusError INVALID_ARGUMENT
 */
export async function assertNotAboveVersions(storage: Storage, folder: string): Promise<void> {
  const entries = await storage.list(folder).catch(() => []);
  if (entries.some(({ name }) => name.startsWith("saved_model.pb"))) return;
  const versions = entries
    .filter(({ name, isDirectory }) => isDirectory && /^\d+$/.test(name))
    .map(({ name }) => name)
    .sort((a, b) => (BigInt(a) < BigInt(b) ? -1 : 1));
  if (versions.length === 0) return;
  throw invalidArgument(
    `${folder} is the folder above the versions ${versions.join(", ")}. ` +
      `Name one of them, such as ${joinPath(folder, versions.at(-1)!)}`,
  );
}
