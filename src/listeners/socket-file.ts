import { lstatSync, type Stats, unlinkSync } from "node:fs";
import { connect } from "node:net";
import { Code, invalidArgument, StatusError } from "../status/status.ts";

/**
 * Makes way for a unix socket at `path`: removes the file that a server left behind which was killed.
 * @throws StatusError (rejects) UNAVAILABLE if a program listens there; INVALID_ARGUMENT if there is another kind of file.
 */
export async function claimSocketPath(path: string): Promise<void> {
  const found = statsOf(path);
  if (found === undefined) return;
  if (!found.isSocket()) throw invalidArgument(`Can't listen on ${path}: there is a file that is no socket`);
  if (await isListenedTo(path)) {
    throw new StatusError(Code.UNAVAILABLE, `The socket ${path} is in use by another program`);
  }
  unlinkSync(path);
}

/** Removes a socket's file, unless another program has put its own in that place. */
export function removeSocketFile(path: string, inode: number): void {
  if (statsOf(path)?.ino === inode) unlinkSync(path);
}

function statsOf(path: string): Stats | undefined {
  return lstatSync(path, { throwIfNoEntry: false });
}

function isListenedTo(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    // Only this error says that there is no one: others, such as a lack of rights, don't.
    socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code !== "ECONNREFUSED"));
  });
}
