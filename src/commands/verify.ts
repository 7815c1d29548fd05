import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import { requireTensorFlow } from "../engines/tensorflow/library.ts";
import { ComparedVersion } from "../loaders/compared-version.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { joinPath } from "../storage/storage.ts";
import { comparisonTable, describeDisagreements } from "../verification/report.ts";
import type { Tolerance } from "../verification/tensor-difference.ts";
import { hasWarmupRequests, WARMUP_FILE } from "../warmup/warmup-file.ts";
import { notOneFolder, readCommandLine } from "./command-line.ts";
import { askMade, askRecorded } from "./verify-requests.ts";
import { assertNotAboveVersions } from "./version-folder.ts";

const DEFAULT_COUNT = 25;

const USAGE = `Usage: servable verify [--requests=FILE] [flags] FOLDER

FOLDER is one version of a SavedModel (the folder with saved_model.pb). Loads it twice, imported and by TensorFlow, asks both
the same requests in the same order, and compares what they answer: each output of each signature, and what they refuse.

The requests are those of FILE, else the version's own warmup requests (${WARMUP_FILE}), else
requests that are made up: random values that fit each signature, in batches of several sizes, extremes among them.

  --requests=FILE            a warmup file or a request log, as 'servable warmup show' lists
  --count=N                  made-up requests for each signature (${DEFAULT_COUNT})
  --seed=N                   made-up requests are the same for the same number (another each time; it is printed)
  --rtol=X, --atol=X         a number may differ by atol + rtol * |what TensorFlow has|. Defaults: float32 1e-4 and 1e-5,
                             float64 1e-6 and 1e-8, float16 1e-2 and 1e-3, bfloat16 3e-2 and 1e-2, complex numbers as their
                             parts. Integers, booleans and strings must be the same; NaN is the same as NaN
  --tags=A,B                 the graph's tags (serve)
  --tensorflow_library=PATH  as for servable serve
  --allow_file_ops           as for servable serve

Exit code: 0 if the engines agree, 1 if they don't or nothing could be compared, 2 for wrong arguments.
`;

/** Without it TensorFlow refuses empty batches of some layers, and has 0 for NaN in others. It is read when it is loaded. */
const ONEDNN = "TF_ENABLE_ONEDNN_OPTS";

export interface VerifyRequest {
  readonly folder: string;
  readonly requests: string | undefined;
  readonly count: number;
  readonly seed: number;
  /** What takes the place of the defaults. */
  readonly tolerance: Partial<Tolerance>;
  readonly tags: readonly string[];
  readonly library: string;
  readonly allowsFileOps: boolean;
}

/** @returns the exit code: 0 if the engines agree, 1 if not or if it can't be told, 2 for wrong arguments. */
export async function verify(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const request = parseVerify(args);
  if (typeof request === "string") {
    process.stderr.write(`${request}\n\n${USAGE}`);
    return 2;
  }
  try {
    return await run(request);
  } catch (error) {
    process.stderr.write(`${formatStatus(asStatusError(error))}\n`);
    return 1;
  }
}

const OPTIONS = {
  requests: { type: "string" },
  count: { type: "string" },
  seed: { type: "string" },
  rtol: { type: "string" },
  atol: { type: "string" },
  tags: { type: "string", default: "serve" },
  tensorflow_library: { type: "string", default: "" },
  allow_file_ops: { type: "boolean", default: false },
} as const;

/** What is wrong with the arguments, in words, if anything is. */
export function parseVerify(args: readonly string[]): VerifyRequest | string {
  const read = readCommandLine(args, OPTIONS);
  if (typeof read === "string") return read;
  const { values, positionals } = read;
  const problem = notOneFolder(positionals);
  if (problem !== undefined) return problem;
  const number = (text: string | undefined) => (text === undefined ? undefined : Number(text || Number.NaN));
  const [count, seed] = [number(values.count) ?? DEFAULT_COUNT, number(values.seed) ?? Date.now() % 2 ** 31];
  const [relative, absolute] = [number(values.rtol), number(values.atol)];
  if (!Number.isInteger(count) || count < 1)
    return `--count: expected a whole number from 1 on, got ${values.count}`;
  if (!Number.isInteger(seed) || seed < 0)
    return `--seed: expected a whole number from 0 on, got ${values.seed}`;
  for (const [name, value] of [
    ["rtol", relative],
    ["atol", absolute],
  ] as const) {
    if (value !== undefined && !(value >= 0))
      return `--${name}: expected a number from 0 on, got ${values[name]}`;
  }
  return {
    folder: positionals[0]!,
    requests: values.requests,
    count,
    seed,
    tolerance: { ...(relative !== undefined && { relative }), ...(absolute !== undefined && { absolute }) },
    tags: values.tags.split(",").filter((tag) => tag !== ""),
    library: values.tensorflow_library,
    allowsFileOps: values.allow_file_ops,
  };
}

async function run(request: VerifyRequest): Promise<number> {
  const { folder, tags, allowsFileOps, tolerance } = request;
  await assertNotAboveVersions(fileStorage, folder);
  const library = requireTensorFlow(request.library);
  process.env[ONEDNN] ??= "0";
  const version = await ComparedVersion.load(
    folder,
    {
      storage: fileStorage,
      engine: createOnnxRuntimeEngine({ intraOpThreads: 0 }),
      library,
      tags,
      allowsFileOps,
    },
    { tolerance },
  );
  try {
    return await compare(version, request);
  } finally {
    await version.release();
  }
}

async function compare(version: ComparedVersion, request: VerifyRequest): Promise<number> {
  const { folder } = request;
  const own = (await hasWarmupRequests(fileStorage, folder)) ? joinPath(folder, WARMUP_FILE) : undefined;
  const file = request.requests ?? own;
  const asked = file === undefined ? await askMade(version, request) : await askRecorded(version, file);
  const { comparison, signatures } = version;
  process.stdout.write(`${asked.description}\n\n${comparisonTable(comparison, signatures)}`);
  const problems = describeDisagreements(comparison);
  if (problems.length > 0) process.stdout.write("\nThe engines disagree:\n");
  for (const problem of problems) process.stdout.write(`  ${problem}\n`);
  for (const remark of asked.remarks) process.stdout.write(`\n${remark}\n`);
  const isNothing = problems.length === 0 && comparison.compared === 0;
  if (isNothing) process.stdout.write("\nNo values could be compared\n");
  return problems.length === 0 && !isNothing ? 0 : 1;
}
