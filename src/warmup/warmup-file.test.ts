import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { framedRecord } from "../formats/tf-record/tf-record.ts";
import type { Servable, Signature } from "../lifecycle/servable.ts";
import { Code, internal } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import type { DType } from "../tensor/dtype.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { MAX_WARMUP_RECORDS, WARMUP_FILE, type WarmupOptions, warmUp } from "./warmup-file.ts";

const FIXTURE = fileURLToPath(new URL("../../fixtures/warmup/half_plus_two_tf1.tfrecord", import.meta.url));
const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

/** A version's folder with this warmup file. */
function versionWith(file: Uint8Array | undefined): string {
  const folder = mkdtempSync(join(root, "version-"));
  mkdirSync(join(folder, "assets.extra"));
  if (file !== undefined) writeFileSync(join(folder, WARMUP_FILE), file);
  return folder;
}

function signature(method: string, input: string, dtype: DType, output: string): Signature {
  return {
    methodName: `tensorflow/serving/${method}`,
    inputs: new Map([[input, { dtype, shape: undefined, tensorName: `${input}:0` }]]),
    outputs: new Map([[output, { dtype: "float32", shape: undefined, tensorName: `${output}:0` }]]),
  };
}

/** Has half_plus_two_tf1's signatures, answers with zeros, and keeps what it was asked. */
class Asked implements Servable {
  readonly id = { name: "m", version: 1n };
  readonly runs: string[] = [];
  readonly signatures = new Map([
    ["serving_default", signature("predict", "x", "float32", "y")],
    ["classify_x_to_y", signature("classify", "inputs", "string", "scores")],
    ["regress_x_to_y", signature("regress", "inputs", "string", "outputs")],
  ]);
  /** Fails the run of this number. */
  readonly #failing: number | undefined;

  constructor(failing?: number) {
    this.#failing = failing;
  }

  run(name: string, [input]: readonly Tensor[]) {
    if (this.runs.length === this.#failing) throw internal("out of order");
    const batch = input!.shape[0]!;
    this.runs.push(`${name} ${batch}`);
    const tensors: Tensor[] = [{ dtype: "float32", shape: [batch, 1], data: new Float32Array(batch) }];
    return { tensors, dispose: () => {} };
  }

  signatureDefMap() {
    return new Uint8Array(0);
  }
}

async function warm(
  servable: Servable,
  folder: string,
  iterations = 0,
  onEnd?: WarmupOptions["onEnd"],
): Promise<string[]> {
  const lines: string[] = [];
  const add = (line: string) => lines.push(line);
  const log = { info: add, warning: add, error: add };
  const options = { storage: fileStorage, iterations, checksMethodName: false, log };
  await warmUp(servable, folder, { ...options, ...(onEnd && { onEnd }) });
  return lines;
}

const RUNS = [
  "serving_default 3",
  "serving_default 1",
  "classify_x_to_y 2",
  "regress_x_to_y 1",
  "classify_x_to_y 4",
  "regress_x_to_y 4",
  "serving_default 1",
  "serving_default 6",
  "serving_default 7",
];

describe("warmup", () => {
  it("asks every kind of request that the official protos write, whatever model it names", async () => {
    const servable = new Asked();
    const folder = versionWith(readFileSync(FIXTURE));
    const lines = await warm(servable, folder);
    assert.deepEqual(servable.runs, RUNS);
    const path = `${folder}/${WARMUP_FILE}`;
    assert.equal(lines[0], `Starting to read warmup data for model at ${path} with model-warmup-options`);
    assert.match(
      lines[1]!,
      /^Finished reading warmup data for model at .*\. Number of warmup records read: 8\. Elapsed time \(microseconds\): \d+\.$/,
    );
  });

  it("asks each request as often as it is told to before the next", async () => {
    const servable = new Asked();
    await warm(servable, versionWith(readFileSync(FIXTURE)), 2);
    assert.equal(servable.runs.length, 2 * RUNS.length);
    assert.deepEqual(servable.runs.slice(0, 4), [
      "serving_default 3",
      "serving_default 3",
      "serving_default 1",
      "serving_default 1",
    ]);
  });

  it("is nothing for a version without the file", async () => {
    const servable = new Asked();
    const folder = versionWith(undefined);
    assert.deepEqual(await warm(servable, folder), [`No warmup data file found at ${folder}/${WARMUP_FILE}`]);
    assert.deepEqual(servable.runs, []);
  });

  it("fails with the index of a request that fails, and asks no other", async () => {
    const servable = new Asked(4);
    const folder = versionWith(readFileSync(FIXTURE));
    await assert.rejects(warm(servable, folder), {
      code: Code.INTERNAL,
      message: `Warmup record 4 of ${folder}/${WARMUP_FILE} failed: out of order`,
    });
    assert.deepEqual(servable.runs.slice(0, 4), RUNS.slice(0, 4));
    assert.ok(servable.runs.length <= 5);
  });

  it("fails with the index of a record that is no PredictionLog", async () => {
    const good = readFileSync(FIXTURE);
    const folder = versionWith(Buffer.concat([good, ...framedRecord(Buffer.from("no log"))]));
    await assert.rejects(warm(new Asked(), folder), {
      code: Code.INVALID_ARGUMENT,
      message: /^Warmup record 8 of .* failed: Malformed tensorflow\.serving\.PredictionLog: /,
    });
  });

  it("fails with the index of a record that is damaged", async () => {
    const file = readFileSync(FIXTURE);
    file[file.length - 1]! ^= 1;
    await assert.rejects(warm(new Asked(), versionWith(file)), {
      code: Code.DATA_LOSS,
      message:
        /^corrupted record at \d+ of .* \(record 7\): .*\. Please verify your warmup data is in TFRecord format\.$/,
    });
  });

  it("tells how it ended, and how long it took", async () => {
    const ends: [string, Code][] = [];
    const onEnd = (folder: string, code: Code, microseconds: number) => {
      assert.ok(microseconds > 0);
      ends.push([folder, code]);
    };
    const folder = versionWith(readFileSync(FIXTURE));
    await warm(new Asked(), folder, 1, onEnd);
    await assert.rejects(warm(new Asked(0), folder, 1, onEnd));
    await warm(new Asked(), versionWith(undefined), 1, onEnd);
    assert.deepEqual(ends, [
      [folder, Code.OK],
      [folder, Code.INTERNAL],
    ]);
  });

  it("takes as many records as TensorFlow Serving, and no more", async () => {
    const records = (count: number) =>
      Buffer.concat(Array.from({ length: count }, () => framedRecord(new Uint8Array(0))).flat());
    await warm(new Asked(), versionWith(records(MAX_WARMUP_RECORDS)));
    await assert.rejects(warm(new Asked(), versionWith(records(MAX_WARMUP_RECORDS + 1))), {
      code: Code.INVALID_ARGUMENT,
      message: /^Number of warmup records exceeds the maximum \(1000\) at /,
    });
  });
});
