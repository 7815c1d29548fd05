import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import { Code } from "../../status/status.ts";
import type { HttpResponse } from "../unary.ts";
import { negotiatedCoding, parseCodings, withCompression } from "./response-compression.ts";

describe("parseCodings", () => {
  it("takes none or a list", () => {
    assert.deepEqual(parseCodings("none"), []);
    assert.deepEqual(parseCodings("gzip"), ["gzip"]);
    assert.deepEqual(parseCodings("zstd, gzip"), ["zstd", "gzip"]);
  });

  it("refuses anything else", () => {
    for (const text of ["", "br", "gzip,none", "gzip,", "toString"]) {
      assert.throws(() => parseCodings(text), { code: Code.INVALID_ARGUMENT });
    }
  });
});

describe("negotiatedCoding", () => {
  for (const [header, expected] of [
    ["gzip", "gzip"],
    ["GZIP, deflate, br", "gzip"],
    ["gzip, zstd", "zstd"],
    ["gzip;q=1.0, zstd;q=0.5", "gzip"],
    ["gzip;q=0.5, zstd; q=0.5", "zstd"],
    ["*", "zstd"],
    ["zstd;q=0, *;q=0.1", "gzip"],
    ["gzip;q=0", undefined],
    ["gzip;q=0.5, identity", undefined],
    ["gzip;q=0.5, identity;q=0.2", "gzip"],
    ["gzip;q=x", undefined],
    ["br", undefined],
    ["", undefined],
  ] as const) {
    it(`${header || "nothing"}: ${expected ?? "as it is"}`, () => {
      assert.equal(negotiatedCoding(header, ["zstd", "gzip"]), expected);
    });
  }
});

describe("withCompression", () => {
  const answer = async (body: Uint8Array | string, accepted: string | undefined): Promise<HttpResponse> => {
    const reply = { status: 200, headers: { "content-type": "application/json" }, body };
    const headers = { "accept-encoding": accepted };
    const request = { method: "GET", target: "/", headers, body: new Uint8Array() };
    const [now, later] = [() => reply, async () => reply];
    const responses = [await withCompression(now, ["gzip", "zstd"])(request)];
    responses.push(await withCompression(later, ["gzip", "zstd"])(request));
    assert.deepEqual(responses[0], responses[1]);
    return responses[0]!;
  };
  const small = "0.5, é ".repeat(1000);
  const large = Buffer.from("0.5, é ".repeat(100_000));

  it("compresses what the client takes", async () => {
    for (const body of [small, large]) {
      const gzipped = await answer(body, "gzip");
      assert.deepEqual(gzipped.headers, {
        "content-type": "application/json",
        vary: "Accept-Encoding",
        "content-encoding": "gzip",
      });
      assert.equal(gunzipSync(gzipped.body).toString(), body.toString());
      const zstd = await answer(body, "zstd");
      assert.equal(zstd.headers["content-encoding"], "zstd");
      assert.equal(zstdDecompressSync(zstd.body as Uint8Array).toString(), body.toString());
    }
  });

  it("leaves alone what is small, and what the client doesn't take", async () => {
    assert.deepEqual(await answer("tiny", "gzip"), {
      status: 200,
      headers: { "content-type": "application/json" },
      body: "tiny",
    });
    for (const accepted of [undefined, "br", "gzip;q=0"]) {
      const { headers, body } = await answer(small, accepted);
      assert.equal(body, small);
      assert.deepEqual(headers, { "content-type": "application/json", vary: "Accept-Encoding" });
    }
  });
});
