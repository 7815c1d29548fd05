import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { Code, type StatusError } from "../../../status/status.ts";
import { type InstallOptions, install } from "./install.ts";
import type { Scenario } from "./install-process.ts";
import { installations } from "./installed.ts";
import {
  dropsAfter,
  IMPATIENT,
  JAR,
  newFolder,
  RELEASE,
  RecordingObserver,
  refuses,
  releaseOf,
  serves,
  startJarServer,
  trickles,
  UNPACKED,
} from "./jar-cases.ts";
import type { Phase } from "./observer.ts";

const PROCESS = fileURLToPath(new URL("./install-process.ts", import.meta.url));
const TARGET = `${RELEASE.version}-${RELEASE.platform}`;
const PARTIAL = "core-2.99.0.jar.partial";

function options(parent: string, more: Partial<InstallOptions> = {}) {
  return { release: RELEASE, observer: new RecordingObserver(), parent, patience: IMPATIENT, ...more };
}

/** Everything is there as it should be, and nothing else. */
function assertInstalled(parent: string): void {
  assert.deepEqual(readdirSync(parent), [TARGET]);
  const folder = join(parent, TARGET);
  assert.deepEqual(readdirSync(folder).toSorted(), [...UNPACKED.keys()].toSorted());
  for (const [name, bytes] of UNPACKED)
    assert.deepEqual(readFileSync(join(folder, name)), Buffer.from(bytes));
}

function refusal(code: Code, ...messages: readonly RegExp[]) {
  return (error: StatusError) => {
    assert.equal(error.code, code, error.message);
    for (const message of messages) assert.match(error.message, message);
    return true;
  };
}

describe("install", () => {
  it("downloads, verifies and unpacks the libraries and the license", async () => {
    await using server = await startJarServer(serves());
    using folder = newFolder();
    const parent = join(folder.path, "not/there/yet");
    const observer = new RecordingObserver();
    const { installation, wasInstalled } = await install(
      options(parent, { repository: server.url, observer }),
    );
    assertInstalled(parent);
    assert.equal(wasInstalled, false);
    assert.deepEqual(installation, {
      version: "2.99.0",
      folder: join(parent, TARGET),
      library: join(parent, TARGET, "libtensorflow_cc.so.2"),
      bytes: 400_006,
    });
    assert.deepEqual(installations(parent), [installation]);
    assert.equal(observer.done.get("Downloading")?.at(-1), JAR.length);
    assert.equal(observer.done.get("Verifying")?.at(-1), JAR.length);
    assert.equal(observer.done.get("Unpacking")?.at(-1), 400_006);
  });

  it("does nothing if it is installed", async () => {
    using folder = newFolder();
    await using server = await startJarServer(serves());
    await install(options(folder.path, { repository: server.url }));
    const { mtimeMs } = statSync(join(folder.path, TARGET, "libtensorflow_cc.so.2"));
    const again = await install(options(folder.path, { repository: server.url }));
    assert.equal(again.wasInstalled, true);
    assert.equal(again.installation.version, "2.99.0");
    assert.equal(server.ranges.length, 1);
    assert.equal(statSync(join(folder.path, TARGET, "libtensorflow_cc.so.2")).mtimeMs, mtimeMs);
  });

  it("takes a file, which it leaves, a file's URL and another place's URL", async () => {
    using given = newFolder();
    const jar = join(given.path, "brought.jar");
    writeFileSync(jar, JAR);
    await using server = await startJarServer(serves());
    for (const from of [jar, pathToFileURL(jar).href, `${server.url}/elsewhere.jar`]) {
      using folder = newFolder();
      await install(options(folder.path, { from, repository: "http://127.0.0.1:1" }));
      assertInstalled(folder.path);
    }
    assert.deepEqual(readFileSync(jar), Buffer.from(JAR));
  });

  it("refuses a given file that is missing, no file or another file", async () => {
    using folder = newFolder();
    const parent = join(folder.path, "cache");
    const other = join(folder.path, "other.jar");
    writeFileSync(other, JAR.with(1000, JAR[1000]! ^ 1));
    await assert.rejects(
      install(options(parent, { from: other })),
      refusal(Code.DATA_LOSS, /other\.jar is not the file that was expected/, new RegExp(RELEASE.sha256)),
    );
    await assert.rejects(
      install(options(parent, { from: join(folder.path, "nowhere.jar") })),
      refusal(Code.NOT_FOUND, /--from=.*nowhere\.jar can't be opened/),
    );
    await assert.rejects(
      install(options(parent, { from: folder.path })),
      refusal(Code.NOT_FOUND, /is not a file/),
    );
    assert.deepEqual(readdirSync(parent), []);
  });

  it("refuses a download with another checksum, keeps nothing of it, and says what else to do", async () => {
    await using server = await startJarServer(serves(JAR.with(1000, JAR[1000]! ^ 1)));
    using folder = newFolder();
    await assert.rejects(
      install(options(folder.path, { repository: server.url })),
      refusal(Code.DATA_LOSS, new RegExp(RELEASE.sha256), /--from=FILE or --from=URL/, /core-2\.99\.0\.jar/),
    );
    assert.deepEqual(readdirSync(folder.path), []);
  });

  it("says what else to do where the jar can't be had", async () => {
    using folder = newFolder();
    await using server = await startJarServer(refuses(404));
    await assert.rejects(
      install(options(folder.path, { repository: server.url })),
      refusal(Code.NOT_FOUND, /core-2\.99\.0\.jar answers HTTP 404/, /--from=FILE/, /org\/tensorflow/),
    );
    await assert.rejects(
      install(options(folder.path, { repository: "http://127.0.0.1:1" })),
      refusal(Code.UNAVAILABLE, /can't be fetched/, /--from=FILE/),
    );
  });

  it("continues a download that an earlier run left", async () => {
    using folder = newFolder();
    await using broken = await startJarServer(dropsAfter(150_000), refuses(500));
    await assert.rejects(
      install(options(folder.path, { repository: broken.url })),
      refusal(Code.UNAVAILABLE, /500/),
    );
    assert.deepEqual(readFileSync(join(folder.path, PARTIAL)), Buffer.from(JAR.subarray(0, 150_000)));
    await using server = await startJarServer(serves());
    const observer = new RecordingObserver();
    await install(options(folder.path, { repository: server.url, observer }));
    assertInstalled(folder.path);
    assert.deepEqual(server.ranges, ["bytes=150000-"]);
    assert.deepEqual(observer.notices, ["Continuing the download that was interrupted"]);
  });

  it("begins anew where what an earlier run left is of another file", async () => {
    for (const length of [1000, JAR.length, JAR.length + 1000]) {
      using folder = newFolder();
      writeFileSync(join(folder.path, PARTIAL), Buffer.alloc(length, 7));
      await using server = await startJarServer(serves());
      await install(options(folder.path, { repository: server.url }));
      assertInstalled(folder.path);
      assert.equal(server.ranges.at(-1), undefined);
    }
  });

  it("refuses a jar without a library", async () => {
    using folder = newFolder();
    const empty = Buffer.from("this is no jar");
    await using server = await startJarServer(serves(empty));
    await assert.rejects(
      install(options(folder.path, { release: releaseOf(empty), repository: server.url })),
      refusal(Code.DATA_LOSS, /can't be unpacked/),
    );
    assert.deepEqual(readdirSync(folder.path), [PARTIAL]);
  });

  it("says before the download that there is too little space", async () => {
    using folder = newFolder();
    await using server = await startJarServer(serves());
    const needed = JAR.length + RELEASE.unpackedBytes;
    const attempt = (free: number) =>
      install(options(folder.path, { repository: server.url, free: async () => free }));
    await assert.rejects(
      attempt(needed - 1),
      refusal(Code.RESOURCE_EXHAUSTED, /not enough space/, /SERVABLE_CACHE_DIR/),
    );
    assert.equal(server.ranges.length, 0);
    await attempt(needed);
    assertInstalled(folder.path);
  });

  it("keeps a download for which there is too little space unpacked", async () => {
    using folder = newFolder();
    await using server = await startJarServer(serves());
    const free = [JAR.length + RELEASE.unpackedBytes, 1000];
    await assert.rejects(
      install(options(folder.path, { repository: server.url, free: async () => free.shift()! })),
      refusal(Code.RESOURCE_EXHAUSTED, /not enough space/),
    );
    assert.deepEqual(readdirSync(folder.path), [PARTIAL]);
    await install(options(folder.path, { repository: server.url }));
    assertInstalled(folder.path);
    assert.equal(server.ranges.length, 1);
  });

  it("says that a cache folder can't be one", async () => {
    using folder = newFolder();
    const file = join(folder.path, "file");
    writeFileSync(file, "");
    await assert.rejects(
      install(options(join(file, "tensorflow"))),
      refusal(Code.FAILED_PRECONDITION, /can't be a folder/, /SERVABLE_CACHE_DIR/),
    );
  });

  it("puts an installation in the place of one without its library", async () => {
    using folder = newFolder();
    await using server = await startJarServer(serves());
    await install(options(folder.path, { repository: server.url }));
    rmSync(join(folder.path, TARGET, "libtensorflow_cc.so.2"));
    await install(options(folder.path, { repository: server.url }));
    assertInstalled(folder.path);
  });

  it("is safe to run at the same time in one process", async () => {
    using folder = newFolder();
    await using server = await startJarServer(trickles(50_000));
    const runs = [1, 2, 3].map(() => install(options(folder.path, { repository: server.url })));
    const results = await Promise.all(runs);
    for (const { installation } of results) assert.equal(installation.folder, join(folder.path, TARGET));
    assertInstalled(folder.path);
  });
});

interface Run {
  readonly child: ChildProcess;
  readonly ended: Promise<unknown>;
  readonly output: () => string;
}

function startProcess(parent: string, repository: string, diesIn?: Phase): Run {
  const scenario: Scenario = {
    release: RELEASE,
    parent,
    repository,
    patience: IMPATIENT,
    ...(diesIn === undefined ? {} : { diesIn }),
  };
  const argument = JSON.stringify(scenario);
  const child = spawn(process.execPath, [PROCESS, argument], { stdio: ["ignore", "pipe", "pipe"] });
  let text = "";
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.on("data", (piece) => {
      text += piece;
    });
  }
  return { child, ended: once(child, "close"), output: () => text };
}

async function untilTrue(condition: () => boolean): Promise<void> {
  const end = performance.now() + 20_000;
  while (!condition()) {
    assert.ok(performance.now() < end, "it never came to it");
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

describe("install in several processes", () => {
  it("is safe to run at the same time", async () => {
    using folder = newFolder();
    await using server = await startJarServer(trickles(30_000));
    const runs = [1, 2, 3].map(() => startProcess(folder.path, server.url));
    await Promise.all(runs.map(({ ended }) => ended));
    for (const { child, output } of runs) {
      assert.equal(child.exitCode, 0, output());
      assert.match(output(), /installed\n$/);
    }
    assertInstalled(folder.path);
  });

  it("continues what a killed one has left", async () => {
    using folder = newFolder();
    await using slow = await startJarServer(trickles(20_000));
    const { child, ended } = startProcess(folder.path, slow.url);
    const partial = join(folder.path, PARTIAL);
    await untilTrue(() => existsSync(partial) && statSync(partial).size > 60_000);
    child.kill("SIGKILL");
    await ended;
    assert.deepEqual(installations(folder.path), []);
    const { size } = statSync(partial);
    assert.ok(size < JAR.length);
    await using server = await startJarServer(serves());
    await install(options(folder.path, { repository: server.url }));
    assertInstalled(folder.path);
    assert.deepEqual(server.ranges, [`bytes=${size}-`]);
  });

  it("installs what a killed one was unpacking, without another download", async () => {
    using folder = newFolder();
    await using server = await startJarServer(serves());
    const { child, ended } = startProcess(folder.path, server.url, "Unpacking");
    await ended;
    assert.equal(child.signalCode, "SIGKILL");
    const left = readdirSync(folder.path).toSorted();
    assert.equal(left.length, 2);
    assert.match(left[0]!, /^\.temporary-/);
    assert.equal(left[1], PARTIAL);
    assert.deepEqual(installations(folder.path), []);
    await install(options(folder.path, { repository: server.url }));
    assertInstalled(folder.path);
    assert.equal(server.ranges.length, 1);
  });

  it("deletes what a process that is gone had unpacked, and leaves what others are unpacking", async () => {
    using folder = newFolder();
    const gone = spawn(process.execPath, ["-e", ""]);
    await once(gone, "close");
    const [abandoned, own, far] = [
      `.temporary-${gone.pid}-1-0-${hostname()}`,
      `.temporary-${process.pid}-1-0-${hostname()}`,
      `.temporary-${gone.pid}-1-0-another-machine`,
    ];
    for (const name of [abandoned!, own!, far!]) {
      mkdirSync(join(folder.path, name));
      writeFileSync(join(folder.path, name, "libtensorflow_cc.so.2"), "half");
    }
    await using server = await startJarServer(serves());
    await install(options(folder.path, { repository: server.url }));
    assert.deepEqual(readdirSync(folder.path).toSorted(), [own, far, TARGET].toSorted());
    assert.equal(installations(folder.path).length, 1);
  });
});
