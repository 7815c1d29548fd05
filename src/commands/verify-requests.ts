import type { ComparedVersion } from "../loaders/compared-version.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { madeRequest } from "../verification/made-requests.ts";
import { forEachLogged } from "../warmup/read-log.ts";
import { Replay } from "../warmup/replay.ts";

/** What two engines were asked, in words. */
export interface Asked {
  readonly description: string;
  /** What a user should know of requests that say nothing about the engines. */
  readonly remarks: readonly string[];
}

export interface MadeOptions {
  /** For each signature. */
  readonly count: number;
  readonly seed: number;
}

/** Asks what is made up, of one signature after the other. */
export async function askMade(version: ComparedVersion, { count, seed }: MadeOptions): Promise<Asked> {
  let asked = 0;
  const remarks: string[] = [];
  for (const [key, signature] of version.signatures) {
    if (signature.outputs.size === 0) continue;
    for (let i = 0; i < count; i++) {
      const inputs = madeRequest(
        signature,
        seed + i,
        version.isUnbounded(key) ? "ordinary values" : "any values",
      );
      if (inputs === undefined) {
        remarks.push(`No requests for signature ${key}: it has an input of a type that can't be made up`);
        break;
      }
      asked++;
      await version.ask(key, inputs);
    }
  }
  return { description: `${asked} made-up requests, --seed=${seed}`, remarks };
}

/**
 * Asks what a warmup file or a request log holds.
 * @throws StatusError (rejects) for a file that can't be read.
 */
export async function askRecorded({ servable, comparison }: ComparedVersion, path: string): Promise<Asked> {
  const replay = new Replay(servable, { checksMethodName: false });
  const logs: Uint8Array[] = [];
  const remarks: string[] = [];
  await forEachLogged(
    fileStorage,
    path,
    (bytes) => logs.push(Uint8Array.from(bytes)),
    (what) => remarks.push(`Passed over: ${what}`),
  );
  const refused: string[] = [];
  for (const [index, log] of logs.entries()) {
    const before = comparison.runs;
    await replay.ask(log).catch((error: unknown) => {
      if (comparison.runs === before) refused.push(`record ${index}: ${formatStatus(asStatusError(error))}`);
    });
  }
  if (refused.length > 0) {
    const which = refused.length === 1 ? "1 request is" : `${refused.length} requests are`;
    remarks.push(`${which} refused before the model is run: ${refused[0]}`);
  }
  const counted = `${logs.length} request${logs.length === 1 ? "" : "s"}`;
  return { description: `${counted} of ${path}`, remarks };
}
