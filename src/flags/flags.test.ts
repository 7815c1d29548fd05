import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code } from "../status/status.ts";
import { flagTable } from "./flag-table.ts";
import { formatFlags } from "./format-help.ts";
import { checkFlags, parseFlags } from "./parse-flags.ts";

describe("parseFlags", () => {
  it("fills in every default", () => {
    const { flags, unknown, invalid } = parseFlags([]);
    assert.deepEqual([unknown, invalid], [[], []]);
    for (const row of flagTable) assert.equal(flags[row.name], row.defaultValue);
  });

  it("reads TensorFlow Serving's spellings", () => {
    const { flags } = parseFlags([
      "--port=9000",
      "-rest_api_port=9001",
      "--model_name=a=b",
      "--version",
      "--noexample",
    ]);
    assert.equal(flags.port, 9000);
    assert.equal(flags.rest_api_port, 9001);
    assert.equal(flags.model_name, "a=b");
    assert.equal(flags.version, true);
    assert.equal(flags.example, false);
  });

  it("takes a value from the next argument, except for bools", () => {
    const { flags, unknown } = parseFlags(["--model-base-path", "/models/m", "--example", "false"]);
    assert.equal(flags.model_base_path, "/models/m");
    assert.equal(flags.example, true);
    assert.deepEqual(unknown, ["Unknown argument: false"]);
  });

  it("lets the last one win", () => {
    assert.equal(parseFlags(["--port=1", "--port=2"]).flags.port, 2);
    assert.equal(parseFlags(["--example", "--example=false"]).flags.example, false);
  });

  it("suggests what a misspelt flag may have meant", () => {
    assert.deepEqual(parseFlags(["--rest_api_prot=1", "--qqqqqqqqqq", "mnist"]).unknown, [
      "Unknown flag: --rest_api_prot. Did you mean --rest_api_port?",
      "Unknown flag: --qqqqqqqqqq",
      "Unknown argument: mnist",
    ]);
  });

  it("says what a flag takes and what came", () => {
    assert.deepEqual(
      parseFlags([
        "--port=http",
        "--example=maybe",
        "--noexample=1",
        "--wait_for_models=some",
        "--port=99999",
        "--rest_api_port=-1",
        "--request_workers=-3",
        "--request_timeout_seconds=9999999",
        "--model_name",
      ]).invalid,
      [
        '--port takes a whole number from 0 to 65535, not "http"',
        '--example takes true or false, not "maybe"',
        '--example takes true or false, not "1"',
        '--wait_for_models takes all, any, none, not "some"',
        '--port takes a whole number from 0 to 65535, not "99999"',
        '--rest_api_port takes a whole number from 0 to 65535, not "-1"',
        '--request_workers takes a whole number of 0 or more, not "-3"',
        '--request_timeout_seconds takes a whole number from 1 to 2147483, not "9999999"',
        "--model_name takes a text, but no value came",
      ],
    );
  });
});

describe("checkFlags", () => {
  const { flags } = parseFlags([]);

  it("takes all defaults", () => checkFlags(flags));

  it("refuses what the command line wouldn't take", () => {
    const refused = (wrong: object, message: string) =>
      assert.throws(() => checkFlags({ ...flags, ...wrong }), { code: Code.INVALID_ARGUMENT, message });
    refused({ port: 65_536 }, '--port takes a whole number from 0 to 65535, not "65536"');
    refused({ port: "8500" }, '--port takes a whole number from 0 to 65535, not "8500"');
    refused({ engine: "tvm" }, '--engine takes auto, onnxruntime, tensorflow, not "tvm"');
    refused({ example: "yes" }, '--example takes true or false, not "yes"');
    refused({ request_workers: 1.5 }, '--request_workers takes a whole number of 0 or more, not "1.5"');
  });
});

describe("formatFlags", () => {
  it("names every flag once, within 100 columns", () => {
    const text = formatFlags();
    for (const row of flagTable)
      assert.equal(text.split(new RegExp(`--${row.name}\\b`)).length >= 2, true, row.name);
    for (const line of text.split("\n")) assert.ok(line.length <= 100, line);
  });
});
