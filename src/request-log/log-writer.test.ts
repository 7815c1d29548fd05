import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { readRecords } from "../formats/tf-record/tf-record.ts";
import { fileStorage } from "../storage/file.ts";
import { Backlog } from "./backlog.ts";
import { LogWriter } from "./log-writer.ts";

const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

function setUp() {
  const folder = mkdtempSync(join(root, "logs-"));
  const backlog = new Backlog(Backlog.createMemory(), 1 << 20);
  const lines: string[] = [];
  const add = (line: string) => lines.push(line);
  const clock = { now: 0 };
  const writer = new LogWriter({
    rotation: { maxFileBytes: 1 << 20, maxFileSeconds: 60, maxFiles: 0 },
    backlog,
    log: { info: add, warning: add, error: add },
    now: () => clock.now,
  });
  const log = (name: string, text: string) => {
    const bytes = new Uint8Array(Buffer.from(text));
    assert.ok(backlog.enter(512 << 10));
    writer.add({ prefix: join(folder, name), bytes, size: 512 << 10 });
  };
  return { folder, backlog, lines, clock, writer, log };
}

async function records(folder: string, name: string): Promise<string[]> {
  const file = await fileStorage.open(
    join(folder, readdirSync(folder).find((each) => each.startsWith(name))!),
  );
  const found = [...readRecords(file)].map((record) => Buffer.from(record).toString());
  file.close();
  return found;
}

describe("LogWriter", () => {
  it("writes each model's records to its own files, and makes room for others", async () => {
    const { folder, writer, log } = setUp();
    log("a", "1");
    log("b", "2");
    writer.flush();
    log("a", "3");
    log("b", "4");
    writer.close();
    assert.deepEqual(await records(folder, "a"), ["1", "3"]);
    assert.deepEqual(await records(folder, "b"), ["2", "4"]);
  });

  it("writes at once what is much, without waiting for a flush", async () => {
    const { folder, writer, backlog } = setUp();
    backlog.enter(1);
    writer.add({ prefix: join(folder, "a"), bytes: new Uint8Array(5 << 20), size: 1 });
    assert.deepEqual(
      (await records(folder, "a")).map(({ length }) => length),
      [5 << 20],
    );
    writer.close();
  });

  it("tells what was dropped, every ten seconds at most", () => {
    const { backlog, lines, clock, writer } = setUp();
    const told = () => lines.splice(0).map((line) => line.split(" ")[0]);
    backlog.drop();
    backlog.drop();
    writer.tick();
    assert.deepEqual(told(), ["2"]);
    backlog.drop();
    clock.now += 9999;
    writer.tick();
    assert.deepEqual(told(), []);
    backlog.drop();
    clock.now += 1;
    writer.tick();
    assert.deepEqual(told(), ["2"]);
    clock.now += 60_000;
    writer.tick();
    assert.deepEqual(told(), []);
  });

  it("tells what couldn't be written, and goes on with the others", async () => {
    const { folder, lines, writer, log } = setUp();
    writeFileSync(join(folder, "file"), "");
    log("file/m", "1");
    log("b", "2");
    writer.close();
    assert.equal(lines.length, 1);
    assert.match(lines[0]!, /^1 sampled requests were not logged to .*file\/m: E/);
    assert.deepEqual(await records(folder, "b"), ["2"]);
    // The room in the backlog is there again.
    log("b", "3");
    log("b", "4");
  });
});
