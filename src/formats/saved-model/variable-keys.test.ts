import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  type MetaGraphDef,
  MetaGraphDefSchema,
} from "../../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { Code } from "../../status/status.ts";
import { fileStorage } from "../../storage/file.ts";
import { dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount } from "../../tensor/shape.ts";
import { type ExpectedValue, expectedOf, fixturePath } from "./fixture-cases.ts";
import { readSavedModel } from "./saved-model.ts";
import type { TensorBundle } from "./stored-bundle.ts";
import { type BundleRef, restoredState } from "./variable-keys.ts";

function read(bundle: TensorBundle, { key, slice }: BundleRef): ExpectedValue {
  const entry = bundle.entry(key)!;
  const shape = slice?.length ?? entry.shape;
  const { dtype } = entry;
  if (dtype === "string") {
    return {
      dtype,
      shape,
      strings: bundle.readStrings(key, slice).map((s) => Buffer.from(s).toString("base64")),
    };
  }
  const target = Buffer.alloc(elementCount(shape) * dtypeInfo(dtype).size);
  bundle.readInto(key, target, slice);
  return { dtype, shape, bytes: target.toString("base64") };
}

/** A table from strings to 64-bit integers, in the order of its keys: tables have none of their own. */
function pairs(keys: ExpectedValue, values: ExpectedValue): readonly (readonly [string, bigint])[] {
  const numbers = Buffer.from(values.bytes!, "base64");
  return keys
    .strings!.map((key, i) => [key, numbers.readBigInt64LE(8 * i)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1));
}

describe("restoredState", () => {
  for (const name of ["tf1_partitioned", "tf1_text", "tf2_sharded"]) {
    it(`finds the value that TensorFlow restores for each variable of ${name}`, async () => {
      const model = await readSavedModel(fileStorage, fixturePath(name), ["serve"]);
      const expected = expectedOf(name);
      assert.ok(Object.keys(expected.variables).length > 0);
      for (const [node, value] of Object.entries(expected.variables)) {
        const ref = model.restored.variables.get(node);
        assert.ok(ref, `${node} has no value`);
        assert.deepEqual(read(model.variables!, ref), value, node);
      }
      model.close();
    });
  }

  it("finds the content of a mutable table", async () => {
    const model = await readSavedModel(fileStorage, fixturePath("tf2_sharded"), ["serve"]);
    assert.deepEqual([...model.restored.tables.keys()], Object.keys(expectedOf("tf2_sharded").tables));
    for (const [node, { keys, values }] of Object.entries(expectedOf("tf2_sharded").tables)) {
      const refs = model.restored.tables.get(node)!;
      const found = pairs(read(model.variables!, refs.keys), read(model.variables!, refs.values));
      assert.deepEqual(found, pairs(keys, values));
    }
    model.close();
  });

  const strings = (...values: string[]) => ({
    value: {
      value: {
        case: "tensor" as const,
        value: { stringVal: values.map((value) => new TextEncoder().encode(value)) },
      },
    },
  });
  const text = (value: string) => ({ value: { case: "s" as const, value: new TextEncoder().encode(value) } });
  const restoring = (
    slices: string[],
    extra: { name: string; op: string; input?: string[] }[] = [],
  ): MetaGraphDef =>
    create(MetaGraphDefSchema, {
      saverDef: { restoreOpName: "restore_all" },
      graphDef: {
        node: [
          { name: "a", op: "VarHandleOp", attr: { shared_name: text("shared") } },
          { name: "b", op: "VarHandleOp", attr: { shared_name: text("shared") } },
          {
            name: "c",
            op: "VarHandleOp",
            attr: { shared_name: text("shared"), container: text("elsewhere") },
          },
          { name: "v", op: "VariableV2" },
          { name: "w", op: "VariableV2" },
          { name: "names", op: "Const", attr: strings("first", "second") },
          { name: "slices", op: "Const", attr: strings(...slices) },
          { name: "restore", op: "RestoreV2", input: ["file", "names", "slices"] },
          { name: "identity", op: "Identity", input: ["restore:1", "^names"] },
          { name: "negative", op: "Neg", input: ["restore:1"] },
          { name: "assign_a", op: "AssignVariableOp", input: ["a", "restore"] },
          { name: "assign_v", op: "Assign", input: ["v", "identity"] },
          { name: "assign_w", op: "Assign", input: ["w", "negative"] },
          { name: "shard", op: "NoOp", input: ["^assign_a", "^assign_v", "^assign_w"] },
          { name: "restore_all", op: "NoOp", input: ["^shard"] },
          ...extra,
        ],
      },
    });

  it("follows identities, and gives nodes with one shared name one value", () => {
    const expected = new Map([
      ["a", { key: "first" }],
      ["b", { key: "first" }],
      ["v", { key: "second" }],
    ]);
    assert.deepEqual(restoredState(restoring([""])).variables, expected);
  });

  it("lets the last slice stand for those that follow, and none for whole tensors", () => {
    const slice = { start: [0], length: [3] };
    const sliced = restoredState(restoring(["6 0,3"])).variables;
    assert.deepEqual(
      [sliced.get("a"), sliced.get("v")],
      [
        { key: "first", slice },
        { key: "second", slice },
      ],
    );
    assert.deepEqual(restoredState(restoring([])).variables.get("a"), { key: "first" });
  });

  it("leaves out what the restore op does not reach", () => {
    const stray = { name: "assign_c", op: "AssignVariableOp", input: ["c", "restore"] };
    assert.equal(restoredState(restoring([""], [stray])).variables.has("c"), false);
    assert.deepEqual(restoredState(create(MetaGraphDefSchema)), { variables: new Map(), tables: new Map() });
  });

  it("refuses a slice that is none", () => {
    assert.throws(() => restoredState(restoring(["6 0,7"])), { code: Code.INTERNAL });
  });

  it("survives a function that calls itself", () => {
    const call = { name: "again", op: "f" };
    const graph = create(MetaGraphDefSchema, {
      saverDef: { restoreOpName: "again" },
      graphDef: { node: [call], library: { function: [{ signature: { name: "f" }, nodeDef: [call] }] } },
    });
    assert.deepEqual(restoredState(graph), { variables: new Map(), tables: new Map() });
  });
});
