import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { cacheFolder } from "./cache-folder.ts";

const on = (platform: NodeJS.Platform, environment: Record<string, string>) =>
  cacheFolder({ platform, home: "/home/ada", environment });

describe("the cache folder", () => {
  it("is where the system has such folders", () => {
    assert.equal(on("linux", {}), "/home/ada/.cache/servable");
    assert.equal(on("darwin", {}), "/home/ada/Library/Caches/servable");
  });

  it("is where the environment says", () => {
    assert.equal(on("linux", { XDG_CACHE_HOME: "/var/cache" }), "/var/cache/servable");
    assert.equal(on("darwin", { XDG_CACHE_HOME: "/var/cache" }), "/var/cache/servable");
    assert.equal(
      on("linux", { XDG_CACHE_HOME: "/var/cache", SERVABLE_CACHE_DIR: "/mnt/models/cache" }),
      "/mnt/models/cache",
    );
  });

  it("passes over values that say nothing", () => {
    assert.equal(on("linux", { XDG_CACHE_HOME: "", SERVABLE_CACHE_DIR: "" }), "/home/ada/.cache/servable");
    assert.equal(on("linux", { XDG_CACHE_HOME: "cache" }), "/home/ada/.cache/servable");
  });
});
