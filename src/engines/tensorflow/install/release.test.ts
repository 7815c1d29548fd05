import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Code, type StatusError } from "../../../status/status.ts";
import { install } from "./install.ts";
import { newFolder, RecordingObserver } from "./jar-cases.ts";
import { jarName, MAVEN_REPOSITORY, PINNED_VERSION, PLATFORMS, releaseFor } from "./release.ts";

/** They ask Maven Central, and one downloads 190 MB. */
const skip =
  process.env.SERVABLE_TEST_DOWNLOAD === "1" ? false : "asks Maven Central only if SERVABLE_TEST_DOWNLOAD=1";

describe("releases", () => {
  it("are those of the platforms that ONNX Runtime is packaged for", () => {
    assert.deepEqual(PLATFORMS, ["linux-x64", "linux-arm64", "darwin-arm64"]);
    const paths = new Set(PLATFORMS.map((platform) => releaseFor(platform).path));
    const sums = new Set(PLATFORMS.map((platform) => releaseFor(platform).sha256));
    assert.equal(paths.size, 3);
    assert.equal(sums.size, 3);
    for (const sum of sums) assert.match(sum, /^[0-9a-f]{64}$/);
    assert.match(jarName(releaseFor("linux-arm64")), /^tensorflow-core-native-[\d.]+-linux-arm64\.jar$/);
  });

  it("aren't there for other platforms", () => {
    assert.throws(
      () => releaseFor("win32-x64"),
      (error: StatusError) => {
        assert.equal(error.code, Code.UNIMPLEMENTED);
        assert.match(error.message, /win32-x64, only for linux-x64, linux-arm64, darwin-arm64/);
        return true;
      },
    );
  });

  for (const platform of PLATFORMS) {
    it(`have the length and checksum that Maven Central publishes: ${platform}`, { skip }, async () => {
      const release = releaseFor(platform);
      const url = `${MAVEN_REPOSITORY}/${release.path}`;
      const sum = await (await fetch(`${url}.sha256`)).text();
      assert.equal(sum.trim().split(/\s/)[0], release.sha256);
      const { headers } = await fetch(url, { method: "HEAD" });
      assert.equal(Number(headers.get("content-length")), release.bytes);
    });

    it(`unpack to what was measured: ${platform}`, { skip }, async () => {
      using folder = newFolder();
      const release = releaseFor(platform);
      const observer = new RecordingObserver();
      const { installation } = await install({ release, observer, parent: folder.path });
      assert.equal(installation.version, PINNED_VERSION);
      assert.equal(installation.bytes, release.unpackedBytes);
      assert.match(installation.library, /libtensorflow_cc\.(so\.2|2\.dylib)$/);
    });
  }
});
