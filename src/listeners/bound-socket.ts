import { lookup } from "node:dns/promises";
import { chmodSync, statSync } from "node:fs";
import koffi from "koffi";
import { Code, invalidArgument, StatusError } from "../status/status.ts";
import { claimSocketPath, removeSocketFile } from "./socket-file.ts";

interface Platform {
  readonly AF_INET: number;
  readonly AF_INET6: number;
  readonly SOL_SOCKET: number;
  readonly SO_REUSEADDR: number;
  /** Bytes of a path in a sockaddr_un, its zero included. */
  readonly pathLength: number;
  /** The first two bytes of a sockaddr of this family and length. */
  readonly head: (family: number, length: number) => readonly [number, number];
}

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const F_SETFD = 2;
const FD_CLOEXEC = 1;

// From each system's sys/socket.h. Linux begins a sockaddr with a 16-bit family, macOS with a length and a family.
const PLATFORMS: Partial<Record<NodeJS.Platform, Platform>> = {
  linux: {
    AF_INET: 2,
    AF_INET6: 10,
    SOL_SOCKET: 1,
    SO_REUSEADDR: 2,
    pathLength: 108,
    head: (family) => [family, 0],
  },
  darwin: {
    AF_INET: 2,
    AF_INET6: 30,
    SOL_SOCKET: 0xffff,
    SO_REUSEADDR: 4,
    pathLength: 104,
    head: (family, length) => [length, family],
  },
};

function bindLibc() {
  const libc = koffi.load(null);
  return {
    socket: libc.func("int socket(int domain, int type, int protocol)"),
    setsockopt: libc.func("int setsockopt(int fd, int level, int name, const void *value, uint32_t length)"),
    bind: libc.func("int bind(int fd, const void *address, uint32_t length)"),
    getsockname: libc.func("int getsockname(int fd, void *address, void *length)"),
    fcntl: libc.func("int fcntl(int fd, int command, int argument)"),
    dup: libc.func("int dup(int fd)"),
    close: libc.func("int close(int fd)"),
  };
}

/** Owner and group may connect, which takes the right to write. */
const SOCKET_FILE_MODE = 0o660;

/**
 * A TCP or unix socket bound to an address but not yet listening: the address is taken, connections are refused. Every
 * worker listens on its own duplicate of the descriptor, so that all accept from one queue and a connection that waits
 * there survives the death of a worker. Node can't share a listening socket among threads, hence the system calls.
 */
export class BoundSocket {
  /** 0 for a unix socket. */
  readonly port: number;
  readonly #fd: number;
  #closed = false;
  readonly #libc: ReturnType<typeof bindLibc>;
  /** Called at the end. */
  readonly #remove: () => void;

  private constructor(fd: number, port: number, libc: ReturnType<typeof bindLibc>, remove = () => {}) {
    this.#fd = fd;
    this.port = port;
    this.#libc = libc;
    this.#remove = remove;
  }

  /**
   * @param host a name or an IPv4 or IPv6 address.
   * @param port 0 takes any that is free.
   * @throws StatusError UNAVAILABLE if the port is taken, INVALID_ARGUMENT for an address that isn't this machine's.
   */
  static async open(host: string, port: number): Promise<BoundSocket> {
    const platform = thisPlatform();
    const resolved = await lookup(host).catch((error: Error) => {
      throw invalidArgument(`The address ${host} to listen on can't be resolved: ${error.message}`);
    });
    const address = socketAddress(platform, resolved.address, resolved.family, port);
    const libc = bindLibc();
    const family = resolved.family === 6 ? platform.AF_INET6 : platform.AF_INET;
    const fd = libc.socket(family, SOCK_STREAM, 0) as number;
    libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
    libc.setsockopt(fd, platform.SOL_SOCKET, platform.SO_REUSEADDR, Int32Array.of(1), 4);
    if (libc.bind(fd, address, address.length) !== 0) {
      const errno = koffi.errno();
      libc.close(fd);
      throw refusal(host, port, errno);
    }
    return new BoundSocket(fd, boundPort(libc, fd, address), libc);
  }

  /**
   * A unix socket. Its file is made for owner and group, in the place of another socket's, and goes with `close`.
   * @throws StatusError INVALID_ARGUMENT where no such file can be made.
   */
  static async openPath(path: string): Promise<BoundSocket> {
    const platform = thisPlatform();
    const bytes = Buffer.from(path);
    if (bytes.length === 0 || bytes.length >= platform.pathLength || bytes.includes(0)) {
      throw invalidArgument(
        `The path of a socket has 1 to ${platform.pathLength - 1} bytes, not ${bytes.length}: ${path}`,
      );
    }
    claimSocketPath(path);
    const address = new Uint8Array(2 + platform.pathLength);
    address.set(platform.head(AF_UNIX, address.length));
    address.set(bytes, 2);
    const libc = bindLibc();
    const fd = libc.socket(AF_UNIX, SOCK_STREAM, 0) as number;
    libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
    if (libc.bind(fd, address, address.length) !== 0) {
      const errno = koffi.errno();
      libc.close(fd);
      throw invalidArgument(
        `Can't listen on the socket ${path} (errno ${errno}): is its folder there to write in?`,
      );
    }
    chmodSync(path, SOCKET_FILE_MODE);
    const { ino } = statSync(path);
    return new BoundSocket(fd, 0, libc, () => removeSocketFile(path, ino));
  }

  /** A descriptor of the same socket, which the caller owns. */
  duplicate(): number {
    const fd = this.#libc.dup(this.#fd) as number;
    if (fd < 0) throw new StatusError(Code.RESOURCE_EXHAUSTED, "No more file descriptors for listening");
    this.#libc.fcntl(fd, F_SETFD, FD_CLOEXEC);
    return fd;
  }

  /** May be called again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#libc.close(this.#fd);
    this.#remove();
  }
}

function thisPlatform(): Platform {
  const platform = PLATFORMS[process.platform];
  if (platform !== undefined) return platform;
  throw new StatusError(Code.UNIMPLEMENTED, `No sockets are known for ${process.platform}`);
}

function refusal(host: string, port: number, errno: number): StatusError {
  if (errno === koffi.os.errno.EADDRINUSE) {
    return new StatusError(Code.UNAVAILABLE, `Port ${port} on ${host} is in use by another program`);
  }
  if (errno === koffi.os.errno.EACCES) {
    return new StatusError(Code.PERMISSION_DENIED, `Port ${port} needs more rights than this user has`);
  }
  return invalidArgument(
    `Can't listen on ${host}:${port} (errno ${errno}): is it an address of this machine?`,
  );
}

/** A sockaddr_in (16 bytes) or sockaddr_in6 (28 bytes). */
function socketAddress(platform: Platform, address: string, family: number, port: number): Uint8Array {
  const bytes = new Uint8Array(family === 6 ? 28 : 16);
  const number = family === 6 ? platform.AF_INET6 : platform.AF_INET;
  bytes.set(platform.head(number, bytes.length));
  bytes[2] = port >> 8;
  bytes[3] = port & 0xff;
  if (family === 6) bytes.set(ipv6Bytes(address), 8);
  else bytes.set(address.split(".").map(Number), 4);
  return bytes;
}

function ipv6Bytes(address: string): number[] {
  const [head, tail] = address.split("::") as [string, string | undefined];
  const groups = (part: string | undefined) =>
    part ? part.split(":").map((group) => Number.parseInt(group, 16)) : [];
  const [before, after] = [groups(head), groups(tail)];
  const zeros = new Array<number>(8 - before.length - after.length).fill(0);
  return [...before, ...zeros, ...after].flatMap((group) => [group >> 8, group & 0xff]);
}

function boundPort(libc: ReturnType<typeof bindLibc>, fd: number, address: Uint8Array): number {
  const actual = new Uint8Array(address.length);
  libc.getsockname(fd, actual, Uint32Array.of(address.length));
  return actual[2]! * 256 + actual[3]!;
}
