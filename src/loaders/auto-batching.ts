import type { BatchingParameters } from "../batching/batching-parameters.ts";
import type { ModelBatching } from "../batching/batching-servable.ts";
import { sliceRows } from "../batching/merge-tensors.ts";
import { createQueueLengths } from "../batching/queue-lengths.ts";
import type { RunResult } from "../engines/engine.ts";
import type { Servable } from "../lifecycle/servable.ts";
import type { Logger } from "../status/log.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import type { Signature, SignatureTensor } from "../tensor/signature.ts";
import type { NumericTensor, Tensor } from "../tensor/tensor.ts";

/** Rows that are run together at most: the gain of an MLP's batch of 32 is nearly that of one of 64, which takes twice as long. */
const MOST_ROWS = 32;
/** A run of one row that takes longer isn't worth it: requests would wait for each other, and a batch is hardly cheaper. */
const LONGEST_SINGLE_MICROSECONDS = 2000;
/** Nobody shall wait longer for requests that came with theirs. */
const LONGEST_BATCH_MICROSECONDS = 5000;
/** What a row in a batch may cost of one alone. */
const WORTHWHILE = 0.75;

const SIZE_OF_UNKNOWN_DIMS = 16;
const MOST_ELEMENTS = 1 << 22;
const ROUNDS = 3;
/** How much longer than wanted a run takes that needn't be repeated: the first takes longer than others, or waits for a core. */
const SURELY = 5;
/** Kernels add up in another order for several rows than for one. */
const RELATIVE_TOLERANCE = 1e-3;
const ABSOLUTE_TOLERANCE = 1e-5;

/** Milliseconds. */
type Clock = () => number;

/** Whatever waits is run, at once; what doesn't fit is run alone, and nothing is refused. */
const PARAMETERS: BatchingParameters = Object.freeze({
  maxBatchSize: MOST_ROWS,
  maxExecutionBatchSize: MOST_ROWS,
  batchTimeoutMicros: 0,
  maxEnqueuedBatches: Number.MAX_SAFE_INTEGER,
  allowedBatchSizes: [],
  padVariableLengthInputs: false,
  enableLargeBatchSplitting: false,
});

/**
 * How a version is batched without parameters: those signatures are that gain from it.
 * @param changing signatures that change state, which each request must do once.
 * @param now Default: the real clock.
 * @returns undefined if there are none.
 */
export async function autoBatching(
  servable: Servable,
  changing: readonly string[],
  requestWorkers: number,
  log: Logger,
  now: Clock = () => performance.now(),
): Promise<ModelBatching | undefined> {
  const batched: string[] = [];
  for (const key of servable.signatures.keys()) {
    if (!changing.includes(key) && (await gainsFromBatches(servable, key, now))) batched.push(key);
  }
  if (batched.length === 0) return undefined;
  log.info(`Requests that wait at the same time are run together, for the signatures: ${batched.join(", ")}`);
  const alone = [...servable.signatures.keys()].filter((key) => !batched.includes(key));
  const lengths = createQueueLengths(servable.signatures.size, requestWorkers);
  return { parameters: PARAMETERS, alone, misfits: "run alone", lengths };
}

/**
 * Whether requests for a signature may be run together and gain from it: on made-up rows, a run of several must give each row
 * what a run of it alone gives, and be cheaper. Shapes alone can't tell: a softmax over the batch has one row out per row in.
 * What the model refuses made-up inputs for, and what depends on chance, is not batched.
 */
async function gainsFromBatches(servable: Servable, key: string, now: Clock): Promise<boolean> {
  const signature = servable.signatures.get(key)!;
  if (!hasFreeBatch(signature)) return false;
  const inputs = madeUpRows(signature, MOST_ROWS);
  if (inputs === undefined) return false;
  const outputs = [...signature.outputs.keys()];
  const run = (rows: readonly Tensor[]) => timed(() => servable.run(key, rows, outputs), now);
  const rowAt = (row: number) => inputs.map((tensor) => sliceRows(tensor, row, row + 1));
  try {
    const single = await fastest(() => run(rowAt(0)), LONGEST_SINGLE_MICROSECONDS);
    if (single > LONGEST_SINGLE_MICROSECONDS) return false;
    const together = await run(inputs);
    try {
      for (const row of [0, 1, MOST_ROWS >> 1, MOST_ROWS - 1]) {
        const alone = await run(rowAt(row));
        const same = isRowOf(together.result, alone.result, row);
        alone.result.dispose();
        if (!same) return false;
      }
    } finally {
      together.result.dispose();
    }
    const batch = await fastest(() => run(inputs), LONGEST_BATCH_MICROSECONDS);
    return batch <= LONGEST_BATCH_MICROSECONDS && batch <= WORTHWHILE * MOST_ROWS * single;
  } catch {
    // Made-up values may be no meaningful input, which says nothing against the model.
    return false;
  }
}

function hasFreeBatch({ inputs, outputs }: Signature): boolean {
  const tensors = [...inputs.values(), ...outputs.values()];
  return inputs.size > 0 && tensors.every(({ shape }) => shape !== undefined && shape[0] === -1);
}

interface TimedRun {
  readonly result: RunResult;
  readonly microseconds: number;
}

async function timed(run: () => RunResult | Promise<RunResult>, now: Clock): Promise<TimedRun> {
  const start = now();
  const running = run();
  const result = running instanceof Promise ? await running : running;
  return { result, microseconds: (now() - start) * 1000 };
}

/** Microseconds of the fastest of some runs; of the first, if that takes much longer than `enough`. */
async function fastest(run: () => Promise<TimedRun>, enough: number): Promise<number> {
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < ROUNDS; round++) {
    const { result, microseconds } = await run();
    result.dispose();
    best = Math.min(best, microseconds);
    if (best > SURELY * enough) break;
  }
  return best;
}

/** Undefined if there are none of some type or size. */
function madeUpRows({ inputs }: Signature, rows: number): readonly Tensor[] | undefined {
  const made: Tensor[] = [];
  for (const spec of inputs.values()) {
    const tensor = madeUp(spec, rows);
    if (tensor === undefined) return undefined;
    made.push(tensor);
  }
  return made;
}

/** Numbers that differ from row to row, and that most models take: small ones, and integers that are indexes of anything. */
function madeUp({ dtype, shape }: SignatureTensor, rows: number): Tensor | undefined {
  const sizes = [rows, ...shape!.slice(1).map((size) => (size < 0 ? SIZE_OF_UNKNOWN_DIMS : size))];
  const count = elementCount(sizes);
  if (count > MOST_ELEMENTS) return undefined;
  if (dtype === "string") {
    const data = Array.from({ length: count }, () => new TextEncoder().encode(String(Math.random())));
    return { dtype, shape: sizes, data };
  }
  const { array, lanes } = dtypeInfo(dtype);
  if (array === undefined) return undefined;
  const data = new array(count * lanes);
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) {
    for (let i = 0; i < data.length; i++) data[i] = Math.random() < 0.5 ? 0n : 1n;
  } else if (data instanceof Float32Array || data instanceof Float64Array) {
    for (let i = 0; i < data.length; i++) data[i] = Math.random();
  } else if (dtype === "float16" || dtype === "bfloat16") {
    // From 0.5 to 1: a few bits below the exponent.
    const [half, step] = dtype === "float16" ? [0x3800, 64] : [0x3f00, 8];
    for (let i = 0; i < data.length; i++) data[i] = half + step * Math.floor(Math.random() * 16);
  } else {
    for (let i = 0; i < data.length; i++) data[i] = Math.random() < 0.5 ? 0 : 1;
  }
  return { dtype, shape: sizes, data } as NumericTensor;
}

/** Whether the outputs of a run of one row are a row of those of several. */
function isRowOf(several: RunResult, one: RunResult, row: number): boolean {
  return one.tensors.every((tensor, i) => {
    const all = several.tensors[i]!;
    if (all.shape[0] !== MOST_ROWS || tensor.shape[0] !== 1) return false;
    const slice = sliceRows(all, row, row + 1);
    if (slice.shape.join() !== tensor.shape.join()) return false;
    return isClose(slice, tensor);
  });
}

function isClose(a: Tensor, b: Tensor): boolean {
  if (a.dtype === "string") {
    return a.data.every((value, i) => Buffer.compare(value, (b.data as Uint8Array[])[i]!) === 0);
  }
  const exact =
    a.dtype === "float16" ||
    a.dtype === "bfloat16" ||
    !(a.data instanceof Float32Array || a.data instanceof Float64Array);
  for (let i = 0; i < a.data.length; i++) {
    const [x, y] = [a.data[i]!, b.data[i] as (typeof a.data)[number]];
    if (Object.is(x, y)) continue;
    if (exact || typeof x === "bigint" || typeof y === "bigint") return false;
    if (!(Math.abs(x - y) <= ABSOLUTE_TOLERANCE + RELATIVE_TOLERANCE * Math.abs(y))) return false;
  }
  return true;
}
