import { join } from "node:path";
import { cacheFolder } from "../../../cache-folder.ts";

/** Below it, each installed version of TensorFlow has a folder. */
export function tensorflowFolder(cache: string = cacheFolder()): string {
  return join(cache, "engines", "tensorflow");
}
