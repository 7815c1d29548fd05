import assert from "node:assert/strict";
import { test } from "node:test";
import { runProgram } from "./program-cases.ts";

test("with --log_format=json every line that any thread logs is an object, and nothing is written for people", async () => {
  const { out, err, packages } = await runProgram(["--log_format=json"]);
  const lines = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  for (const line of lines) assert.ok(line.severity && line.time && line.component && line.message);
  const about = (start: string) => {
    const { component, model, version } = lines.find(({ message }) => message!.startsWith(start))!;
    return [component, model, version];
  };
  assert.deepEqual(about("Successfully loaded"), ["lifecycle/manager", "digits", "1"]);
  // The loader thread's.
  assert.deepEqual(about("Reading SavedModel"), ["loaders/saved_model", "digits", "1"]);
  assert.ok(packages.has("pino"));
  assert.doesNotMatch(out, /curl/);
});

test("without flags and variables nothing is loaded that writes JSON or traces", async () => {
  const { out, err, packages } = await runProgram([]);
  assert.match(err, /^\d{4}-\d\d-\d\d .*: I servable\/lifecycle\/manager\] Successfully loaded/m);
  assert.match(out, /curl/);
  assert.ok(packages.has("koffi"));
  assert.deepEqual(
    [...packages].filter((name) => name === "pino" || name.startsWith("@opentelemetry/")),
    [],
  );
});
