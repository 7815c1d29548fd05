import assert from "node:assert/strict";
import { once } from "node:events";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { describe, it } from "node:test";
import { folderName } from "../engines/tensorflow/install/installed.ts";
import { newFolder, refuses, startJarServer } from "../engines/tensorflow/install/jar-cases.ts";
import { jarName, PINNED_VERSION, releaseFor } from "../engines/tensorflow/install/release.ts";
import { parseEngine } from "./engine.ts";
import { tensorflowRows } from "./engine-list.ts";
import { type CommandRun, runCommand } from "./program-cases.ts";

function run(args: readonly string[], environment: NodeJS.ProcessEnv): Promise<CommandRun> {
  return runCommand(["engine", ...args], environment);
}

/** A cache folder in which something that looks like TensorFlow is installed. */
function putLibrary(cache: string, version: string): string {
  const folder = join(cache, "engines/tensorflow", folderName(version));
  mkdirSync(folder, { recursive: true });
  const library = join(folder, "libtensorflow_cc.so.2");
  writeFileSync(library, Buffer.alloc(2_500_000));
  return library;
}

describe("servable engine", () => {
  it("reads its arguments", () => {
    assert.deepEqual(parseEngine(["list"]), { verb: "list" });
    assert.deepEqual(parseEngine(["remove", "tensorflow"]), { verb: "remove" });
    assert.deepEqual(parseEngine(["install", "tensorflow"]), { verb: "install", from: undefined });
    for (const args of [
      ["install", "tensorflow", "--from=a.jar"],
      ["install", "tensorflow", "--from", "a.jar"],
      ["install", "--from=a.jar", "tensorflow"],
    ]) {
      assert.deepEqual(parseEngine(args), { verb: "install", from: "a.jar" });
    }
    for (const [args, problem] of [
      [[], "Expected list, install or remove, got nothing"],
      [["update"], "Expected list, install or remove, got update"],
      [["list", "tensorflow"], "'list' takes no name, but got tensorflow"],
      [["install"], "Expected 'servable engine install tensorflow', got no name"],
      [["install", "onnxruntime"], "Expected 'servable engine install tensorflow', got onnxruntime"],
      [["install", "tensorflow", "x"], "Expected 'servable engine install tensorflow', got tensorflow x"],
      [["install", "tensorflow", "--from="], "--from takes a file or a URL, and goes with install"],
      [["remove", "tensorflow", "--from=a.jar"], "--from takes a file or a URL, and goes with install"],
    ] as const) {
      assert.equal(parseEngine(args), problem);
    }
    for (const wrong of ["--from", "--to=x"])
      assert.match(
        String(parseEngine(["install", "tensorflow", wrong])),
        new RegExp(`ption '${wrong.slice(0, 4)}`),
      );
  });

  it("says how it is used", async () => {
    const help = await run(["--help"], {});
    assert.equal(help.code, 0);
    for (const word of ["install tensorflow", "--from=FILE|URL", "SERVABLE_CACHE_DIR", "HTTPS_PROXY"]) {
      assert.ok(help.out.includes(word), word);
    }
    const wrong = await run(["install", "pytorch"], {});
    assert.equal(wrong.code, 2);
    assert.match(wrong.err, /^Expected 'servable engine install tensorflow', got pytorch\n\nUsage: /);
  });

  it("lists engines, their versions, sizes and places", async () => {
    using cache = newFolder();
    const library = putLibrary(cache.path, PINNED_VERSION);
    const { code, out } = await run(["list"], { SERVABLE_CACHE_DIR: cache.path });
    assert.equal(code, 0);
    assert.match(out, /^onnxruntime +1\.\d+\.\d+ .*libonnxruntime/);
    const lines = out.split("\n").map((line) => line.replace(/ +/g, " "));
    const line = `tensorflow ${PINNED_VERSION} 2.5 MB ${library}`;
    assert.ok(
      lines.some((each) => each.startsWith(line)),
      out,
    );
  });

  it("says which of several libraries of TensorFlow is used", () => {
    const installed = ["2.21.0", "2.9.0"].map((version) => ({
      version,
      folder: `/c/${version}`,
      library: `/c/${version}/lib`,
      bytes: 853e6,
    }));
    assert.deepEqual(tensorflowRows(installed, "/c/2.21.0/lib"), [
      ["tensorflow", "2.21.0", "853 MB", "/c/2.21.0/lib"],
      ["tensorflow", "2.9.0", "853 MB", "/c/2.9.0/lib  (not used)"],
    ]);
    assert.deepEqual(tensorflowRows(installed.slice(1), "/usr/lib/tf"), [
      ["tensorflow", "2.9.0", "853 MB", "/c/2.9.0/lib  (not used)"],
      ["tensorflow", "", "", "/usr/lib/tf"],
    ]);
    assert.deepEqual(tensorflowRows([], undefined), [
      ["tensorflow", "", "", "not installed: run 'servable engine install tensorflow'"],
    ]);
  });

  it("removes what is installed", async () => {
    using cache = newFolder();
    const environment = { SERVABLE_CACHE_DIR: cache.path };
    const library = putLibrary(cache.path, PINNED_VERSION);
    const removed = await run(["remove", "tensorflow"], environment);
    assert.equal(removed.code, 0);
    assert.match(removed.out, /^TensorFlow [\d.]+ is removed \(2\.5 MB\): /);
    assert.ok(!existsSync(library));
    const again = await run(["remove", "tensorflow"], environment);
    assert.equal(again.code, 0);
    assert.match(again.out, /^TensorFlow is not installed in /);
  });

  it("leaves an installation as it is", async () => {
    using cache = newFolder();
    const library = putLibrary(cache.path, PINNED_VERSION);
    const { code, out } = await run(["install", "tensorflow"], { SERVABLE_CACHE_DIR: cache.path });
    assert.equal(code, 0);
    assert.ok(out.startsWith(`TensorFlow ${PINNED_VERSION} is already installed: ${library}\n`), out);
  });

  it("asks the mirror that the environment names, and says what it answers and what else to do", async () => {
    using cache = newFolder();
    await using mirror = await startJarServer(refuses(404));
    const { code, err } = await run(["install", "tensorflow"], {
      SERVABLE_CACHE_DIR: cache.path,
      SERVABLE_MAVEN_REPOSITORY: `${mirror.url}/`,
    });
    assert.equal(code, 1);
    assert.ok(
      err.startsWith(`NOT_FOUND: ${mirror.url}/${releaseFor().path} answers HTTP 404 Not Found`),
      err,
    );
    assert.ok(err.includes(`--from=FILE or --from=URL if you have ${jarName(releaseFor())} from elsewhere`));
  });

  it("takes no other file than the release's", async () => {
    using cache = newFolder();
    const other = join(cache.path, "other.jar");
    writeFileSync(other, "something else");
    const { code, err } = await run(["install", "tensorflow", "--from", other], {
      SERVABLE_CACHE_DIR: cache.path,
    });
    assert.equal(code, 1);
    assert.ok(err.startsWith(`DATA_LOSS: ${other} is not the file that was expected: its SHA-256 is `), err);
    assert.ok(err.includes(releaseFor().sha256));
  });

  it("goes through the proxy of the environment", async () => {
    using cache = newFolder();
    const asked: string[] = [];
    const proxy = createServer((request, response) => {
      asked.push(request.url!);
      response.writeHead(404).end();
    });
    proxy.on("connect", (request, socket) => {
      asked.push(request.url!);
      socket.end("HTTP/1.1 502 Bad Gateway\r\n\r\n");
    });
    proxy.listen(0, "127.0.0.1");
    await once(proxy, "listening");
    try {
      const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const { code } = await run(["install", "tensorflow"], {
        SERVABLE_CACHE_DIR: cache.path,
        SERVABLE_MAVEN_REPOSITORY: "http://maven.invalid/maven2",
        HTTP_PROXY: url,
        http_proxy: url,
        NO_PROXY: "",
        no_proxy: "",
      });
      assert.equal(code, 1);
      assert.ok(asked.length > 0 && asked.every((target) => target.includes("maven.invalid")), `${asked}`);
    } finally {
      proxy.close();
    }
  });
});
