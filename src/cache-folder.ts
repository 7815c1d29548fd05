import { homedir } from "node:os";
import { join } from "node:path";

interface Machine {
  readonly platform: NodeJS.Platform;
  readonly home: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

const here = (): Machine => ({ platform: process.platform, home: homedir(), environment: process.env });

/**
 * Where servable keeps what can be fetched or made again: `SERVABLE_CACHE_DIR`, else `servable` in the user's cache folder
 * (`XDG_CACHE_HOME`, else ~/Library/Caches on macOS and ~/.cache elsewhere). Relative values of XDG_CACHE_HOME are
 * passed over, as https://specifications.freedesktop.org/basedir-spec/latest/ asks.
 */
export function cacheFolder({ platform, home, environment }: Machine = here()): string {
  const own = environment.SERVABLE_CACHE_DIR;
  if (own !== undefined && own !== "") return own;
  const users = environment.XDG_CACHE_HOME;
  if (users?.startsWith("/")) return join(users, "servable");
  return join(home, platform === "darwin" ? "Library/Caches" : ".cache", "servable");
}
