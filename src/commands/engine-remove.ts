import { formatBytes } from "../engines/tensorflow/install/bytes.ts";
import { removeInstallations } from "../engines/tensorflow/install/remove.ts";
import { tensorflowFolder } from "../engines/tensorflow/install/tensorflow-folder.ts";

/**
 * Removes TensorFlow's library and says what was removed.
 * @throws StatusError PERMISSION_DENIED if files can't be deleted.
 */
export async function removeEngine(): Promise<void> {
  const { installations, partialBytes } = await removeInstallations();
  for (const { version, folder, bytes } of installations) {
    process.stdout.write(`TensorFlow ${version} is removed (${formatBytes(bytes)}): ${folder}\n`);
  }
  if (partialBytes > 0)
    process.stdout.write(`An interrupted download is removed (${formatBytes(partialBytes)})\n`);
  if (installations.length === 0 && partialBytes === 0) {
    process.stdout.write(`TensorFlow is not installed in ${tensorflowFolder()}\n`);
  }
}
