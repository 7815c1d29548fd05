/** For tests: a jar like TensorFlow's, but small, and a server that hands it out, well or badly. */
import { createHash, randomBytes } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { zipSync } from "fflate";
import type { InstallObserver, Phase } from "./observer.ts";
import { type Release, THIS_PLATFORM } from "./release.ts";

const FOLDER = "org/tensorflow/internal/c_api/linux-x86_64";

/** Incompressible, so that the jar is as long as they are. */
const LIBRARY = randomBytes(300_000);
const FRAMEWORK = randomBytes(100_000);

/** The files that are to be unpacked. */
export const UNPACKED: ReadonlyMap<string, Uint8Array> = new Map([
  ["LICENSE", Buffer.from("Apache")],
  ["libtensorflow_cc.so.2", LIBRARY],
  ["libtensorflow_framework.so.2", FRAMEWORK],
]);

export const JAR: Uint8Array = zipSync({
  "META-INF/MANIFEST.MF": Buffer.from("Manifest-Version: 1.0\r\n"),
  [`${FOLDER}/THIRD_PARTY_TF_JNI_LICENSES/`]: new Uint8Array(),
  [`${FOLDER}/libjnitensorflow.so`]: randomBytes(1000),
  ...Object.fromEntries([...UNPACKED].map(([name, bytes]) => [`${FOLDER}/${name}`, bytes])),
});

/** What the jar is to the installer. */
export const RELEASE: Release = releaseOf(JAR);

export function releaseOf(jar: Uint8Array): Release {
  return {
    version: "2.99.0",
    platform: THIS_PLATFORM,
    path: "org/tensorflow/core/core-2.99.0.jar",
    bytes: jar.length,
    sha256: createHash("sha256").update(jar).digest("hex"),
    unpackedBytes: 400_006,
  };
}

/** So that nothing waits long in a test. */
export const IMPATIENT = { stallMilliseconds: 300, pauseMilliseconds: 1, firstTries: 3, laterTries: 4 };

export type Answer = (request: IncomingMessage, response: ServerResponse) => void;

export interface JarServer extends AsyncDisposable {
  /** The root of a Maven repository that has nothing but the jar, at any path. */
  readonly url: string;
  /** The `Range` of each request so far. */
  readonly ranges: readonly (string | undefined)[];
}

/** @param answers one for each request; the last also for all that follow. */
export async function startJarServer(...answers: readonly Answer[]): Promise<JarServer> {
  const ranges: (string | undefined)[] = [];
  const server: Server = createServer((request, response) => {
    const answer = answers[Math.min(ranges.length, answers.length - 1)]!;
    ranges.push(request.headers.range);
    answer(request, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/maven2`,
    ranges,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Answers as file servers do, with ranges. */
export function serves(jar: Uint8Array = JAR): Answer {
  return (request, response) => {
    const part = begin(request, response, jar);
    response.end(part);
  };
}

/** Closes the connection when so many bytes of the answer are sent. */
export function dropsAfter(bytes: number, jar: Uint8Array = JAR): Answer {
  return (request, response) => {
    const part = begin(request, response, jar);
    response.write(part.subarray(0, bytes), () => setTimeout(() => response.destroy(), 20));
  };
}

/** Sends so many bytes and then nothing more. */
export function stallsAfter(bytes: number): Answer {
  return (request, response) => {
    response.write(begin(request, response, JAR).subarray(0, bytes));
  };
}

/** Sends so many bytes every 20 ms. */
export function trickles(bytes: number): Answer {
  return async (request, response) => {
    const part = begin(request, response, JAR);
    for (let sent = 0; sent < part.length && !response.destroyed; sent += bytes) {
      response.write(part.subarray(sent, sent + bytes));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    response.end();
  };
}

/** Sends the whole whatever was asked for. */
export function servesWithoutRanges(): Answer {
  return (_request, response) => {
    response.writeHead(200, { "content-length": JAR.length }).end(JAR);
  };
}

export function refuses(status: number): Answer {
  return (_request, response) => {
    response.writeHead(status).end("no");
  };
}

/** Writes the head and returns the body. */
function begin(request: IncomingMessage, response: ServerResponse, jar: Uint8Array): Uint8Array {
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] ?? 0);
  const part = jar.subarray(start);
  if (request.headers.range === undefined) response.writeHead(200, { "content-length": part.length });
  else if (part.length === 0) response.writeHead(416, { "content-range": `bytes */${jar.length}` });
  else {
    response.writeHead(206, {
      "content-length": part.length,
      "content-range": `bytes ${start}-${jar.length - 1}/${jar.length}`,
    });
  }
  return part;
}

/** Remembers what it was told. */
export class RecordingObserver implements InstallObserver {
  readonly notices: string[] = [];
  readonly done = new Map<Phase, number[]>();

  progress(phase: Phase, done: number): void {
    this.done.set(phase, [...(this.done.get(phase) ?? []), done]);
  }

  notice(text: string): void {
    this.notices.push(text);
  }
}

export interface Folder extends Disposable {
  readonly path: string;
}

export function newFolder(): Folder {
  const path = mkdtempSync(join(tmpdir(), "servable-install-"));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
