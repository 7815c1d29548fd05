import assert from "node:assert/strict";
import { test } from "node:test";
import { createJsonLogSink } from "./json-log.ts";
import { createLogger, loggerAbout } from "./log.ts";

test("each line is an object with severity, time, component, message and what it is about", () => {
  const lines: string[] = [];
  const sink = createJsonLogSink({ write: (line) => lines.push(line) });
  const before = Date.now();
  const log = createLogger(sink, "lifecycle/manager");
  log.info('two\nlines and a "quote"');
  loggerAbout(log, { name: "m", version: 2n ** 62n }).error("broken");
  log.warning("w");
  sink.write("F", "main", "f");
  assert.ok(lines.every((line) => line.endsWith("\n") && !line.slice(0, -1).includes("\n")));
  const read = lines.map((line) => JSON.parse(line) as Record<string, string>);
  for (const { time } of read) assert.ok(Date.parse(time!) >= before && Date.parse(time!) <= Date.now());
  assert.deepEqual(
    read.map(({ time: _, ...rest }) => rest),
    [
      { severity: "INFO", component: "lifecycle/manager", message: 'two\nlines and a "quote"' },
      {
        severity: "ERROR",
        component: "lifecycle/manager",
        model: "m",
        version: "4611686018427387904",
        message: "broken",
      },
      { severity: "WARNING", component: "lifecycle/manager", message: "w" },
      { severity: "FATAL", component: "main", message: "f" },
    ],
  );
});
