import { readRecords } from "../formats/tf-record/tf-record.ts";
import type { Servable } from "../lifecycle/servable.ts";
import type { Logger } from "../status/log.ts";
import { asStatusError, Code, dataLoss, invalidArgument, StatusError } from "../status/status.ts";
import { joinPath, type RandomAccessFile, type Storage } from "../storage/storage.ts";
import type { ReplayOptions } from "./replay.ts";

/** Where a version's folder has its warmup requests. */
export const WARMUP_FILE = "assets.extra/tf_serving_warmup_requests";

/** More are an error. */
export const MAX_WARMUP_RECORDS = 1000;

export interface WarmupOptions extends ReplayOptions {
  readonly storage: Storage;
  /** How often each record is replayed (--num_request_iterations_for_warmup); 0 or less: once. */
  readonly iterations: number;
  readonly log: Logger;
  /** Told how long the requests of a version took, and whether they were answered. */
  readonly onEnd?: (folder: string, code: Code, microseconds: number) => void;
}

/** @param folder the version's. */
export async function hasWarmupRequests(storage: Storage, folder: string): Promise<boolean> {
  const file = await openIfThere(storage, joinPath(folder, WARMUP_FILE));
  file?.close();
  return file !== undefined;
}

/**
 * Replays a version's warmup requests, if it has any, so that its first clients don't wait for what is set up at a first
 * run. The file's format, its limits and the texts are TensorFlow Serving's (saved_model_warmup_util.cc).
 * @param folder the version's.
 * @throws StatusError (rejects) for a record that can't be read, parsed or answered, with its index from 0; INVALID_ARGUMENT
 * for too many records.
 */
export async function warmUp(servable: Servable, folder: string, options: WarmupOptions): Promise<void> {
  const { storage, iterations, log, onEnd } = options;
  const start = performance.now();
  const path = joinPath(folder, WARMUP_FILE);
  const file = await openIfThere(storage, path);
  if (file === undefined) {
    log.info(`No warmup data file found at ${path}`);
    return;
  }
  const described = iterations > 0 ? `num_request_iterations { value: ${iterations} }` : "";
  log.info(
    `Starting to read warmup data for model at ${path} with model-warmup-options ${described}`.trimEnd(),
  );
  const elapsed = () => Math.round((performance.now() - start) * 1000);
  try {
    const count = await replayFile(servable, file, options);
    const took = elapsed();
    onEnd?.(folder, Code.OK, took);
    log.info(
      `Finished reading warmup data for model at ${path}. Number of warmup records read: ${count}. ` +
        `Elapsed time (microseconds): ${took}.`,
    );
  } catch (error) {
    onEnd?.(folder, asStatusError(error).code, elapsed());
    throw error;
  } finally {
    file.close();
  }
}

async function openIfThere(storage: Storage, path: string): Promise<RandomAccessFile | undefined> {
  try {
    return await storage.open(path);
  } catch (error) {
    if (error instanceof StatusError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

/** @returns how many records there were. */
async function replayFile(
  servable: Servable,
  file: RandomAccessFile,
  options: WarmupOptions,
): Promise<number> {
  // What answers requests isn't needed on a loader thread otherwise.
  const { Replay } = await import("./replay.ts");
  const replay = new Replay(servable, options);
  let index = 0;
  for (const record of verified(readRecords(file))) {
    if (index >= MAX_WARMUP_RECORDS) {
      throw invalidArgument(
        `Number of warmup records exceeds the maximum (${MAX_WARMUP_RECORDS}) at ${file.path}`,
      );
    }
    for (let i = 0; i < Math.max(1, options.iterations); i++) {
      try {
        await replay.ask(record);
      } catch (error) {
        const { code, message } = asStatusError(error);
        throw new StatusError(code, `Warmup record ${index} of ${file.path} failed: ${message}`, {
          cause: error,
        });
      }
    }
    index++;
  }
  return index;
}

function* verified(records: Iterable<Uint8Array>): Generator<Uint8Array> {
  try {
    yield* records;
  } catch (error) {
    if (!(error instanceof StatusError) || error.code !== Code.DATA_LOSS) throw error;
    throw dataLoss(`${error.message}. Please verify your warmup data is in TFRecord format.`);
  }
}
