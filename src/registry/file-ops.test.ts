import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { fileAttributes, fileOps } from "./file-ops.ts";
import type { OpDefinition } from "./op-registry.ts";

const registry: Readonly<Record<string, OpDefinition>> = JSON.parse(
  readFileSync(new URL("./op-registry.generated.json", import.meta.url), "utf8"),
);

/** Ops with such arguments that touch no file: text made of names, a flag about datasets, a service's address. */
const HARMLESS = new Set(["ShardedFilename", "ShardedFilespec", "TensorSliceDataset"]);

describe("the ops that read or write files", () => {
  it("are all in TensorFlow's registry, and so are the attributes", () => {
    for (const op of fileOps) assert.ok(registry[op], op);
    for (const [op, [attribute]] of Object.entries(fileAttributes)) {
      assert.ok(registry[op]?.attrs[attribute], `${op}.${attribute}`);
    }
  });

  it("hold every op of the registry with an argument that names a file", () => {
    const names =
      /file|path|checkpoint|directory|logdir|memory_region|db_uri|shard_dir|debug_urls|output_stream/;
    const left = Object.entries(registry).flatMap(([op, { in: inputs, attrs }]) => {
      const isNamed = [...inputs.map(([name]) => name), ...Object.keys(attrs)].some((name) =>
        names.test(name),
      );
      return isNamed && !fileOps.has(op) && fileAttributes[op] === undefined ? [op] : [];
    });
    assert.deepEqual(
      left.filter((op) => !HARMLESS.has(op)),
      ["CTCBeamSearchDecoder"],
    ); // Its paths are beams.
  });

  it("hold every op that says in its name that it saves, restores or has to do with files", () => {
    const left = Object.keys(registry).filter(
      (op) =>
        /^(Save|Restore|Read(?!Variable|er)|Write)|File/.test(op) && !fileOps.has(op) && !HARMLESS.has(op),
    );
    assert.deepEqual(left, []);
  });
});
