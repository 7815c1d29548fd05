import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { create, toBinary } from "@bufbuild/protobuf";
import { framedRecord, readRecords } from "../formats/tf-record/tf-record.ts";
import { DataType } from "../proto/gen/tensorflow/core/framework/types_pb.ts";
import { PredictionLogSchema } from "../proto/gen/tensorflow_serving/apis/prediction_log_pb.ts";
import { fileStorage } from "../storage/file.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const FIXTURES = fileURLToPath(new URL("../../fixtures/warmup", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(folder, { recursive: true, force: true }));

function run(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [MAIN, "warmup", ...args], {
    encoding: "utf8",
    env: { ...process.env, SERVABLE_PROGRAM: "servable" },
  });
  return { status, stdout, stderr };
}

/** A record of a request log: metadata, request and response. */
function logged(model: string, batch: number, value: number): Buffer {
  const dim = [{ size: BigInt(batch) }];
  const tensor = { dtype: DataType.DT_FLOAT, tensorShape: { dim }, floatVal: [value] };
  const log = create(PredictionLogSchema, {
    logMetadata: { timestampSecs: 5n },
    logType: {
      case: "predictLog",
      value: {
        request: { modelSpec: { name: model }, inputs: { x: tensor } },
        response: { outputs: { y: tensor } },
      },
    },
  });
  return Buffer.concat(framedRecord(toBinary(PredictionLogSchema, log)));
}

function requestOf(model: string, batch: number, value: number): Uint8Array {
  const dim = [{ size: BigInt(batch) }];
  const x = { dtype: DataType.DT_FLOAT, tensorShape: { dim }, floatVal: [value] };
  const request = { modelSpec: { name: model }, inputs: { x } };
  const logType = { case: "predictLog", value: { request } } as const;
  return toBinary(PredictionLogSchema, create(PredictionLogSchema, { logType }));
}

async function recordsOf(path: string): Promise<Uint8Array[]> {
  const file = await fileStorage.open(path);
  const records = [...readRecords(file)].map((record) => new Uint8Array(record));
  file.close();
  return records;
}

const log = join(folder, "log");
writeFileSync(log, Buffer.concat([logged("m", 1, 5), logged("m", 4, 6), logged("m", 4, 7)]));

describe("servable warmup record", () => {
  it("writes the first request of each form, without its answer, the most frequent form first", async () => {
    const output = join(folder, "warmup");
    const { status, stdout } = run("record", `--output=${output}`, log);
    assert.equal(status, 0);
    assert.equal(
      stdout,
      `2 of 3 logged requests to ${output}:\n` +
        "  predict serving_default x: DT_FLOAT [4]   (2 logged)\n" +
        "  predict serving_default x: DT_FLOAT [1]   (1 logged)\n",
    );
    assert.deepEqual(await recordsOf(output), [requestOf("m", 4, 6), requestOf("m", 1, 5)]);
  });

  it("writes into a version's folder, and keeps to the count", async () => {
    const version = join(folder, "1");
    mkdirSync(version);
    assert.equal(run("record", "--count=1", log, `--output=${version}`).status, 0);
    const written = join(version, "assets.extra/tf_serving_warmup_requests");
    assert.deepEqual(await recordsOf(written), [requestOf("m", 4, 6)]);
  });

  it("takes requests for one model only", async () => {
    const mixed = join(folder, "mixed");
    writeFileSync(mixed, Buffer.concat([logged("a", 1, 5), logged("b", 2, 6)]));
    const output = join(folder, "of-b");
    const refused = run("record", `--output=${output}`, mixed);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /There are requests for the model a and for the model b: .*--model_name/);
    assert.equal(run("record", `--output=${output}`, "--model_name=b", mixed).status, 0);
    assert.deepEqual(await recordsOf(output), [requestOf("b", 2, 6)]);
    assert.equal(run("record", `--output=${output}`, "--model_name=c", mixed).status, 1);
  });

  it("passes over a record that is being written, and refuses a damaged log", () => {
    const open = join(folder, "open");
    writeFileSync(open, readFileSync(log));
    appendFileSync(open, logged("m", 8, 1).subarray(0, 30));
    const output = join(folder, "warmup");
    const { status, stdout, stderr } = run("record", `--output=${output}`, open);
    assert.equal(status, 0);
    assert.match(stdout, /^2 of 3 /);
    assert.match(stderr, /^Passed over: truncated record at \d+ of .* \(record 3\)/);

    const damaged = readFileSync(log);
    damaged[damaged.length - 10]! ^= 1;
    writeFileSync(open, damaged);
    const failed = run("record", `--output=${output}`, open);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /^DATA_LOSS: corrupted record at \d+ of .* \(record 2\)/);
  });

  it("says what it takes if it is given something else", () => {
    for (const [args, problem] of [
      [[], "Expected record or show, got nothing"],
      [["replay", log], "Expected record or show, got replay"],
      [["record", log], "--output=PATH is missing: where the warmup requests go"],
      [["record", "--output=x"], "Expected a request log, got none"],
      [["record", "--output=x", "--count=0", log], "--count: expected a whole number from 1 to 1000, got 0"],
      [["show"], "Expected a file, got none"],
      [["show", "--count=3", log], "Unknown option '--count'"],
    ] as const) {
      const { status, stderr } = run(...args);
      assert.equal(status, 2, args.join(" "));
      assert.ok(stderr.startsWith(problem), stderr);
      assert.match(stderr, /^Usage: servable warmup record/m);
    }
  });
});

describe("servable warmup show", () => {
  it("lists the requests that the official protos wrote", () => {
    const { status, stdout } = run("show", join(FIXTURES, "half_plus_two_tf1.tfrecord"));
    assert.equal(status, 0);
    assert.deepEqual(stdout.split("\n"), [
      "0  elsewhere: predict serving_default x: DT_FLOAT [3,1]",
      "1  (no model): predict serving_default x: DT_FLOAT [1,1]",
      "2  (no model): classify classify_x_to_y 2 examples",
      "3  (no model): regress regress_x_to_y 1 example",
      "4  elsewhere: multi-inference classify classify_x_to_y + regress regress_x_to_y 4 examples",
      "5  (no model): session-run x:0: DT_FLOAT [1,1] -> y:0",
      "6  (no model): predict in a stream serving_default x: DT_FLOAT [6,1]; serving_default x: DT_FLOAT [7,1]",
      "7  no request",
      "",
    ]);
  });
});
