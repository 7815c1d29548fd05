import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { invalidArgument } from "../status/status.ts";

/**
 * Makes way for a unix socket at `path`: removes the one that is there, left behind or in use, as gRPC's servers do
 * (grpc_unlink_if_unix_domain_socket). Who listens on that keeps the connections that it has.
 * @throws StatusError INVALID_ARGUMENT if there is another kind of file.
 */
export function claimSocketPath(path: string): void {
  const found = statsOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) throw invalidArgument(`Can't listen on ${path}: there is a file that is no socket`);
  unlinkSync(path);
}

/** Removes a socket's file, unless another program has put its own in that place. */
export function removeSocketFile(path: string, inode: number): void {
  if (statsOf(path)?.ino === inode) unlinkSync(path);
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}
