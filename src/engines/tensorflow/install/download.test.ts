import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { describe, it } from "node:test";
import { Code, type StatusError } from "../../../status/status.ts";
import { download } from "./download.ts";
import {
  type Answer,
  dropsAfter,
  IMPATIENT,
  JAR,
  newFolder,
  refuses,
  serves,
  servesWithoutRanges,
  stallsAfter,
  startJarServer,
  trickles,
} from "./jar-cases.ts";

interface Downloaded {
  readonly bytes: Uint8Array;
  readonly progress: readonly number[];
  readonly interruptions: readonly string[];
  readonly ranges: readonly (string | undefined)[];
}

/** @param had how much of the jar is there already. */
async function fetchJar(answers: readonly Answer[], had = 0): Promise<Downloaded> {
  await using server = await startJarServer(...answers);
  using folder = newFolder();
  const path = join(folder.path, "jar");
  writeFileSync(path, JAR.subarray(0, had));
  const progress: number[] = [];
  const interruptions: string[] = [];
  const file = await open(path, "r+");
  try {
    await download({
      url: server.url,
      file,
      bytes: JAR.length,
      progress: (done) => progress.push(done),
      interrupted: (why) => interruptions.push(why),
      patience: IMPATIENT,
    });
  } finally {
    await file.close();
  }
  return { bytes: readFileSync(path), progress, interruptions, ranges: server.ranges };
}

function refusal(code: Code, message: RegExp) {
  return (error: StatusError) => {
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    return true;
  };
}

describe("download", () => {
  it("fetches a file and says how much of it has come", async () => {
    const { bytes, progress, ranges } = await fetchJar([serves()]);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(ranges, [undefined]);
    assert.equal(progress.at(-1), JAR.length);
    assert.deepEqual(
      progress,
      progress.toSorted((a, b) => a - b),
    );
  });

  it("asks only for what isn't there yet", async () => {
    const { bytes, progress, ranges } = await fetchJar([serves()], 1000);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(ranges, ["bytes=1000-"]);
    assert.ok(progress[0]! > 1000);
  });

  it("asks for nothing if all is there", async () => {
    const { ranges } = await fetchJar([refuses(500)], JAR.length);
    assert.deepEqual(ranges, []);
  });

  it("continues where a connection broke, as often as something comes", async () => {
    const drops = Array.from({ length: 6 }, () => dropsAfter(50_000));
    const { bytes, ranges, interruptions } = await fetchJar([...drops, serves()]);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(ranges.slice(0, 3), [undefined, "bytes=50000-", "bytes=100000-"]);
    assert.equal(interruptions.length, 6);
  });

  it("begins anew where a server knows no ranges, and doesn't call that progress", async () => {
    const { bytes, progress } = await fetchJar([servesWithoutRanges()], 200_000);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.ok(progress.every((done) => done > 200_000));
  });

  it("waits for a slow server as long as something comes", async () => {
    const { bytes, interruptions } = await fetchJar([trickles(20_000)]);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(interruptions, []);
  });

  it("leaves a connection on which nothing comes, and tries again", async () => {
    const { bytes, interruptions, ranges } = await fetchJar([stallsAfter(10_000), serves()]);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(interruptions, ["nothing came for 0.3 seconds"]);
    assert.deepEqual(ranges, [undefined, "bytes=10000-"]);
  });

  it("tries again when a server is overloaded", async () => {
    const { bytes, interruptions } = await fetchJar([refuses(503), refuses(429), serves()]);
    assert.deepEqual(bytes, Buffer.from(JAR));
    assert.deepEqual(interruptions, ["HTTP 503 Service Unavailable", "HTTP 429 Too Many Requests"]);
  });

  it("gives up on a server that brings nothing", async () => {
    await assert.rejects(fetchJar([refuses(503)]), refusal(Code.UNAVAILABLE, /can't be fetched: HTTP 503/));
    await assert.rejects(
      fetchJar([dropsAfter(1000), refuses(500)]),
      refusal(Code.UNAVAILABLE, /can't be fetched: HTTP 500/),
    );
  });

  it("doesn't ask again for what is refused", async () => {
    await assert.rejects(fetchJar([refuses(404), serves()]), refusal(Code.NOT_FOUND, /HTTP 404/));
    await assert.rejects(fetchJar([refuses(403), serves()]), refusal(Code.PERMISSION_DENIED, /HTTP 403/));
  });

  it("refuses another file before it takes it", async () => {
    const longer = Buffer.concat([JAR, JAR]);
    const isOther = refusal(
      Code.DATA_LOSS,
      new RegExp(`is another file: it has ${longer.length} bytes, not ${JAR.length}`),
    );
    await assert.rejects(fetchJar([serves(longer)]), isOther);
    await assert.rejects(fetchJar([serves(longer)], 1000), isOther);
    const shorter = JAR.subarray(0, 500);
    await assert.rejects(fetchJar([serves(shorter)], 1000), refusal(Code.DATA_LOSS, /less than 1000/));
  });

  it("refuses a body that is longer than the file", async () => {
    const endless: Answer = (_request, response) => {
      for (let i = 0; i < 3; i++) response.write(JAR);
    };
    await assert.rejects(fetchJar([endless]), refusal(Code.DATA_LOSS, /is another file/));
  });

  it("refuses another range than it asked for", async () => {
    const confused: Answer = (_request, response) => {
      response.writeHead(206, { "content-range": `bytes 0-9/${JAR.length}` }).end(JAR.subarray(0, 10));
    };
    await assert.rejects(fetchJar([confused], 1000), refusal(Code.UNAVAILABLE, /another range/));
  });

  it("says why a server can't be reached", async () => {
    using folder = newFolder();
    const file = await open(join(folder.path, "jar"), "w+");
    // Nothing listens on port 1.
    const attempt = download({
      url: "http://127.0.0.1:1/jar",
      file,
      bytes: 10,
      progress: () => {},
      interrupted: () => {},
      patience: IMPATIENT,
    });
    await assert.rejects(attempt, refusal(Code.UNAVAILABLE, /127\.0\.0\.1:1\/jar can't be fetched: .+/));
    await file.close();
  });
});
