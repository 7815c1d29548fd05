import { mkdir, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { framedRecord } from "../formats/tf-record/tf-record.ts";
import { asStatusError, Code, formatStatus, StatusError } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { forEachLogged } from "../warmup/read-log.ts";
import { requestForm } from "../warmup/request-form.ts";
import { parsePredictionLog, RequestSelection } from "../warmup/select-requests.ts";
import { MAX_WARMUP_RECORDS, WARMUP_FILE } from "../warmup/warmup-file.ts";
import { readCommandLine } from "./command-line.ts";

const DEFAULT_COUNT = 100;

const USAGE = `Usage: servable warmup record --output=PATH [--count=N] [--model_name=NAME] LOG...
       servable warmup show FILE...

record: makes a warmup file out of request logs, as LoggingConfig has the server write them. It gets one request of each
form (kind, signature, types and shapes of inputs, number of examples), those that came most often first.

  --output=PATH        the file, or a version's folder, which gets it as ${WARMUP_FILE}
  --count=N            at most so many requests, 1 to ${MAX_WARMUP_RECORDS} (${DEFAULT_COUNT})
  --model_name=NAME    only requests for this model; needed for logs of several

show: lists the requests in warmup files or request logs.
`;

/** @returns the exit code: 0, 1 if a file can't be read or written or there is no request, 2 for wrong arguments. */
export async function warmup(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const request = parseWarmup(args);
  if (typeof request === "string") {
    process.stderr.write(`${request}\n\n${USAGE}`);
    return 2;
  }
  try {
    if (request.verb === "record") return await record(request);
    for (const path of request.files) await show(path);
    return 0;
  } catch (error) {
    process.stderr.write(`${formatStatus(asStatusError(error))}\n`);
    return 1;
  }
}

const OPTIONS = {
  output: { type: "string" },
  count: { type: "string", default: String(DEFAULT_COUNT) },
  model_name: { type: "string" },
} as const;

interface RecordRequest {
  readonly verb: "record";
  readonly output: string;
  readonly count: number;
  readonly model: string | undefined;
  readonly logs: readonly string[];
}

type WarmupRequest = RecordRequest | { readonly verb: "show"; readonly files: readonly string[] };

/** What is wrong with the arguments, in words, if anything is. */
function parseWarmup([verb, ...args]: readonly string[]): WarmupRequest | string {
  if (verb === "record") return parseRecord(args);
  if (verb !== "show") return `Expected record or show, got ${verb ?? "nothing"}`;
  const read = readCommandLine(args, {});
  if (typeof read === "string") return read;
  return read.positionals.length === 0 ? "Expected a file, got none" : { verb, files: read.positionals };
}

function parseRecord(args: readonly string[]): RecordRequest | string {
  const read = readCommandLine(args, OPTIONS);
  if (typeof read === "string") return read;
  const { values, positionals: logs } = read;
  const { output = "", model_name: model } = values;
  if (output === "") return "--output=PATH is missing: where the warmup requests go";
  if (logs.length === 0) return "Expected a request log, got none";
  const count = Number(values.count);
  if (!Number.isInteger(count) || count < 1 || count > MAX_WARMUP_RECORDS)
    return `--count: expected a whole number from 1 to ${MAX_WARMUP_RECORDS}, got ${values.count}`;
  return { verb: "record", output, count, model, logs };
}

async function record({ output, count, model, logs }: RecordRequest): Promise<number> {
  const selection = new RequestSelection(model);
  let total = 0;
  for (const path of logs) {
    total += await forEachRecord(path, (bytes) => selection.add(bytes));
  }
  const selected = selection.select(count);
  if (selected.length === 0) {
    process.stderr.write(`There is no request${model === undefined ? "" : ` for ${model}`} in the logs\n`);
    return 1;
  }
  const file = (await isFolder(output)) ? join(output, WARMUP_FILE) : output;
  await mkdir(dirname(file), { recursive: true });
  // A server may look at the folder meanwhile.
  const unfinished = `${file}.unfinished`;
  await writeFile(unfinished, Buffer.concat(selected.flatMap(({ record: bytes }) => framedRecord(bytes))));
  await rename(unfinished, file);
  process.stdout.write(`${selected.length} of ${total} logged requests to ${file}:\n`);
  for (const { form, seen } of selected) process.stdout.write(`  ${form}   (${seen} logged)\n`);
  return 0;
}

async function show(path: string): Promise<void> {
  let index = 0;
  await forEachRecord(path, (bytes) => {
    const found = requestForm(parsePredictionLog(bytes));
    const text = found === undefined ? "no request" : `${found.model || "(no model)"}: ${found.form}`;
    process.stdout.write(`${index++}  ${text}\n`);
  });
}

function forEachRecord(path: string, take: (bytes: Uint8Array) => void): Promise<number> {
  return forEachLogged(fileStorage, path, take, (what) => process.stderr.write(`Passed over: ${what}\n`));
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw new StatusError(Code.UNKNOWN, `${path}; ${(error as Error).message}`);
  }
}
