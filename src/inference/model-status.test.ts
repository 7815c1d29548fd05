import assert from "node:assert/strict";
import test from "node:test";
import { ModelState, type ServableLookup, type VersionStatus } from "../lifecycle/servable.ts";
import { Code, invalidArgument } from "../status/status.ts";
import { getModelMetadata } from "./model-metadata.ts";
import { getModelStatus } from "./model-status.ts";

const ok = { code: Code.OK, message: "" };
const versions: readonly VersionStatus[] = [
  { version: 2n, state: ModelState.LOADING, status: ok },
  { version: 1n, state: ModelState.AVAILABLE, status: ok },
];

class Lookup implements ServableLookup {
  open = 0;

  acquire({ name }: { name: string }) {
    this.open++;
    return {
      id: { name, version: 1n },
      signatures: new Map(),
      run: () => assert.fail("not run"),
      signatureDefMap: () => {
        if (name === "broken") throw invalidArgument("broken");
        return Uint8Array.of(1, 2);
      },
      release: () => void this.open--,
    };
  }

  status(name: string) {
    return name === "m" ? versions : name === "new" ? [] : undefined;
  }

  names() {
    return ["m", "new"];
  }
}

test("every version, or the one that is asked for", () => {
  const lookup = new Lookup();
  assert.deepEqual(getModelStatus(lookup, { name: "m" }), versions);
  assert.deepEqual(getModelStatus(lookup, { name: "m", version: 1n }), [versions[1]]);
});

test("what was never seen is not found", () => {
  const lookup = new Lookup();
  const notFound = (model: { name: string; version?: bigint }, message: string) =>
    assert.throws(() => getModelStatus(lookup, model), { code: Code.NOT_FOUND, message });
  notFound({ name: "x" }, "Could not find any versions of model x");
  notFound({ name: "new" }, "Could not find any versions of model new");
  notFound({ name: "m", version: 3n }, "Could not find version 3 of model m");
  notFound({ name: "x", version: 3n }, "Could not find version 3 of model x");
});

test("metadata comes from a version that is let go again", () => {
  const lookup = new Lookup();
  const metadata = getModelMetadata(lookup, { name: "m" }, ["signature_def"]);
  assert.deepEqual(metadata, { id: { name: "m", version: 1n }, signatureDefMap: Uint8Array.of(1, 2) });
  assert.throws(() => getModelMetadata(lookup, { name: "broken" }, ["signature_def"]), { message: "broken" });
  assert.equal(lookup.open, 0);
});

test("signature_def is the only metadata", () => {
  const refused = (fields: string[], message: string) =>
    assert.throws(() => getModelMetadata(new Lookup(), { name: "m" }, fields), {
      code: Code.INVALID_ARGUMENT,
      message,
    });
  refused([], "GetModelMetadataRequest must specify at least one metadata_field");
  refused(["signature_def", "graph"], "Metadata field %s is not supportedgraph");
});
