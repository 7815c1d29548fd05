import type { FileHandle } from "node:fs/promises";
import { setTimeout as pause } from "node:timers/promises";
import { Code, dataLoss, notFound, StatusError, unavailable } from "../../../status/status.ts";

export interface DownloadOptions {
  readonly url: string;
  /** What is in the file already is the beginning of what is to be there, and isn't asked for again. */
  readonly file: FileHandle;
  /** How long the whole must be. */
  readonly bytes: number;
  /** Called as pieces come, with how much of the whole is there. */
  readonly progress: (done: number) => void;
  /** Called before another try. */
  readonly interrupted: (why: string) => void;
  readonly patience?: Patience;
}

export interface Patience {
  /** How long nothing may come before the connection is given up. */
  readonly stallMilliseconds: number;
  /** Before the second try; doubled with each further one that brought nothing. */
  readonly pauseMilliseconds: number;
  /** Tries in a row that bring nothing: before anything came at all, and after. */
  readonly firstTries: number;
  readonly laterTries: number;
}

const PATIENCE: Patience = {
  stallMilliseconds: 30_000,
  pauseMilliseconds: 500,
  firstTries: 3,
  laterTries: 6,
};

/**
 * Fetches a file over HTTP. What a broken connection leaves is continued with a Range, in this call or a later one's.
 *
 * There is no If-Range with an ETag: the caller knows the checksum of the whole, which says more surely than a server
 * (or two mirrors, one after the other) whether the pieces belong together. For the same reason several processes may
 * write to one file: they write the same bytes to the same places, and never cut it.
 *
 * @throws StatusError NOT_FOUND or PERMISSION_DENIED if the server has none for us, DATA_LOSS if it has one of another
 * length, UNAVAILABLE if it can't be reached; their messages have the URL and the reason. What writing throws.
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { file, bytes, patience = PATIENCE } = options;
  let hasCome = false;
  let failures = 0;
  for (;;) {
    const { size } = await file.stat();
    if (size === bytes) return;
    if (size > bytes) throw wrongLength(options.url, size, bytes);
    try {
      return await transfer(options, size, patience.stallMilliseconds);
    } catch (error) {
      if (!(error instanceof Interruption)) throw error;
      const grown = (await file.stat()).size > size;
      hasCome ||= grown;
      failures = grown ? 1 : failures + 1;
      if (failures >= (hasCome ? patience.laterTries : patience.firstTries)) {
        throw unavailable(`${options.url} can't be fetched: ${error.message}`);
      }
      options.interrupted(error.message);
      await pause(patience.pauseMilliseconds * 2 ** (failures - 1));
    }
  }
}

/** What may be over at the next try. */
class Interruption extends Error {}

/** Writes what one response has. It returns when the whole is there. */
async function transfer(options: DownloadOptions, start: number, stallMilliseconds: number): Promise<void> {
  const { url, file, bytes, progress } = options;
  const stalled = new AbortController();
  const timer = setTimeout(
    () => stalled.abort(new Interruption(`nothing came for ${stallMilliseconds / 1000} seconds`)),
    stallMilliseconds,
  );
  try {
    const response = await request(url, start, stalled.signal);
    let position = firstByte(response, url, start, bytes);
    const pieces = response.body?.getReader();
    for (;;) {
      timer.refresh();
      const piece = await networkCall(url, async () => pieces?.read(), stalled.signal);
      if (piece === undefined || piece.done) break;
      if (position + piece.value.length > bytes) throw wrongLength(url, position + piece.value.length, bytes);
      await writeAll(file, piece.value, position);
      position += piece.value.length;
      // A server without Range begins anew, and what it repeats is no progress.
      if (position > start) progress(position);
    }
    if (position < bytes) throw new Interruption(`the connection ended after ${position} of ${bytes} bytes`);
  } finally {
    clearTimeout(timer);
    stalled.abort();
  }
}

async function request(url: string, start: number, signal: AbortSignal): Promise<Response> {
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (start > 0) headers.range = `bytes=${start}-`;
  return networkCall(url, () => fetch(url, { headers, signal }), signal);
}

/**
 * Where in the file the response's first byte belongs.
 * @throws Interruption or StatusError if the response isn't what was asked for.
 */
function firstByte(response: Response, url: string, start: number, bytes: number): number {
  const { status } = response;
  if (status === 206) {
    const [, from, total] =
      /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get("content-range") ?? "") ?? [];
    if (Number(from) !== start) throw unavailable(`${url} answers with another range than was asked for`);
    if (total !== "*" && Number(total) !== bytes) throw wrongLength(url, Number(total), bytes);
    return start;
  }
  if (status === 200) {
    const length = response.headers.get("content-length");
    if (length !== null && Number(length) !== bytes) throw wrongLength(url, Number(length), bytes);
    return 0;
  }
  const answer = `HTTP ${status} ${response.statusText}`.trimEnd();
  if (status === 404 || status === 410) throw notFound(`${url} answers ${answer}`);
  // The file is shorter than what we have of it.
  if (status === 416) throw dataLoss(`${url} is another file: it has less than ${start} of ${bytes} bytes`);
  if (status === 408 || status === 429 || status >= 500) throw new Interruption(answer);
  throw new StatusError(Code.PERMISSION_DENIED, `${url} answers ${answer}`);
}

async function networkCall<T>(url: string, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (signal.reason instanceof Interruption) throw signal.reason;
    // fetch says "fetch failed" and keeps the reason to its cause.
    const cause = (error as Error).cause ?? error;
    const { code = "", message } = cause as NodeJS.ErrnoException;
    const reason = message || code || "fetch failed";
    if (/CERT|SIGNATURE|ISSUER/.test(code)) {
      throw unavailable(
        `${url} can't be fetched: its certificate is not trusted (${reason}). ` +
          "NODE_EXTRA_CA_CERTS=FILE names certificates to trust besides Node's own",
      );
    }
    throw new Interruption(reason);
  }
}

async function writeAll(file: FileHandle, bytes: Uint8Array, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    const { bytesWritten } = await file.write(bytes, written, bytes.length - written, position + written);
    written += bytesWritten;
  }
}

function wrongLength(url: string, length: number, expected: number): StatusError {
  return dataLoss(`${url} is another file: it has ${length} bytes, not ${expected}`);
}
