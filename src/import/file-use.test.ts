import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { create, type MessageInitShape } from "@bufbuild/protobuf";
import { MetaGraphDefSchema } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature, SignatureTensor } from "../tensor/signature.ts";
import { type FileAccess, fileAccessOf } from "./file-use.ts";

type MetaGraph = MessageInitShape<typeof MetaGraphDefSchema>;
type Nodes = NonNullable<NonNullable<MetaGraph["graphDef"]>["node"]>;
type Functions = NonNullable<NonNullable<NonNullable<MetaGraph["graphDef"]>["library"]>["function"]>;

const func = (name: string) => ({ value: { case: "func" as const, value: { name } } });
const text = (value: string) => ({ value: { case: "s" as const, value: Buffer.from(value) } });
const texts = (...values: string[]) => ({
  value: { case: "list" as const, value: { s: values.map((value) => Buffer.from(value)) } },
});
const placeholder = (value: string) => ({ value: { case: "placeholder" as const, value } });

function tensors(...names: string[]): Map<string, SignatureTensor> {
  return new Map(
    names.map((tensorName) => [
      tensorName,
      { tensorName, dtype: "string", shape: undefined } as SignatureTensor,
    ]),
  );
}

/** What of a graph with these nodes touches files when `out` is wanted and `in` fed. */
function access(
  node: Nodes,
  more: { functions?: Functions; initOp?: string; assets?: string[]; saver?: MetaGraph["saverDef"] } = {},
): FileAccess {
  const { functions = [], initOp, assets = [], saver } = more;
  const graph: MetaGraph = { graphDef: { node, library: { function: functions } } };
  if (saver !== undefined) graph.saverDef = saver;
  const signature = { methodName: "", inputs: tensors("in:0"), outputs: tensors("out:0") } as Signature;
  return fileAccessOf(create(MetaGraphDefSchema, graph), new Map([["key", signature]]), {
    initOp,
    assets: assets.map((tensor) => ({ tensor })),
  });
}

/** The nodes, by what they do it for. */
function found(...args: Parameters<typeof access>): readonly [running: string[], loading: string[]] {
  const { running, loading } = access(...args);
  const names = (ops: readonly { op: string; nodes: readonly string[] }[]) =>
    ops.flatMap(({ op, nodes }) => nodes.map((node) => `${op} ${node}`));
  return [names(running.get("key") ?? []), names(loading)];
}

const IN = { name: "in", op: "Placeholder" };

describe("fileAccessOf", () => {
  it("finds what an output needs, through data and through control edges, and nothing else", () => {
    const nodes = [
      IN,
      { name: "needed", op: "ReadFile", input: ["in"] },
      { name: "before", op: "WriteFile", input: ["in", "in"] },
      { name: "elsewhere", op: "ReadFile", input: ["in"] },
      { name: "out", op: "Identity", input: ["needed", "^before"] },
    ];
    assert.deepEqual(found(nodes), [["ReadFile needed", "WriteFile before"], []]);
    assert.deepEqual(found([IN, { name: "out", op: "ShardedFilename", input: ["in"] }]), [[], []]);
  });

  it("doesn't look behind what is fed", () => {
    const nodes = [
      { name: "in", op: "ReadFile", input: ["path"] },
      { name: "path", op: "Const" },
      { name: "out", op: "Identity", input: ["in:0"] },
    ];
    assert.deepEqual(found(nodes), [[], []]);
  });

  it("finds what functions do: called, in control flow, in each other, by their names, in lists, without end", () => {
    const reading = (name: string, extra: Nodes = []) => ({
      signature: { name, inputArg: [{ name: "path" }] },
      nodeDef: [{ name: "read", op: "ReadFile", input: ["path"] }, ...extra],
    });
    const functions = [
      reading("reads", [{ name: "again", op: "PartitionedCall", attr: { f: func("reads") } }]),
      { signature: { name: "calls" }, nodeDef: [{ name: "inner", op: "reads", input: ["x"] }] },
      reading("unused"),
    ];
    const users: readonly (readonly [op: string, attr: Nodes[number]["attr"]])[] = [
      ["StatefulPartitionedCall", { f: func("reads") }],
      ["If", { then_branch: func("none"), else_branch: func("reads") }],
      ["Case", { branches: { value: { case: "list", value: { func: [{ name: "reads" }] } } } }],
      ["calls", {}],
      ["ReduceDataset", { f: func("calls") }],
    ];
    for (const [op, attr = {}] of users) {
      const nodes = [IN, { name: "out", op, input: ["in"], attr }];
      assert.deepEqual(found(nodes, { functions }), [["ReadFile reads/read"], []], op);
    }
  });

  it("takes an asset for no reason to read when a signature runs", () => {
    const nodes = [
      { name: "asset", op: "Const" },
      { name: "out", op: "ReadFile", input: ["asset"] },
    ];
    assert.deepEqual(found(nodes, { assets: ["asset:0"] }), [["ReadFile out"], []]);
  });

  it("lets the init op read assets, handed on or passed to a function, and nothing else", () => {
    const functions = [
      {
        signature: { name: "fill", inputArg: [{ name: "path" }, { name: "table" }] },
        nodeDef: [
          { name: "same", op: "Identity", input: ["path"] },
          { name: "init", op: "InitializeTableFromTextFileV2", input: ["table", "same:output:0"] },
        ],
      },
    ];
    const nodes = [
      IN,
      { name: "asset", op: "Const" },
      { name: "constant", op: "Const" },
      { name: "table", op: "HashTableV2" },
      { name: "same", op: "Identity", input: ["asset"] },
      { name: "read", op: "ReadFile", input: ["same:0"] },
      { name: "v1", op: "InitializeTableFromTextFile", input: ["table", "asset:0"] },
      { name: "call", op: "StatefulPartitionedCall", input: ["asset", "table"], attr: { f: func("fill") } },
      {
        name: "other",
        op: "StatefulPartitionedCall",
        input: ["constant", "table"],
        attr: { f: func("fill") },
      },
      { name: "init", op: "NoOp", input: ["^read", "^v1", "^call"] },
      { name: "also", op: "NoOp", input: ["^init", "^other"] },
      { name: "match", op: "MatchingFiles", input: ["asset"] },
      { name: "write", op: "WriteFile", input: ["asset", "read"] },
      { name: "out", op: "Identity", input: ["in"] },
    ];
    const assets = ["asset"];
    assert.deepEqual(found(nodes, { functions, initOp: "init", assets }), [[], []]);
    assert.deepEqual(found(nodes, { functions, initOp: "also", assets }), [
      [],
      ["InitializeTableFromTextFileV2 fill/init"],
    ]);
    assert.deepEqual(found(nodes, { functions, initOp: "match", assets }), [[], ["MatchingFiles match"]]);
    assert.deepEqual(found(nodes, { functions, initOp: "write", assets }), [[], ["WriteFile write"]]);
    assert.deepEqual(found(nodes, { functions, initOp: "read", assets: [] }), [[], ["ReadFile read"]]);
  });

  it("follows assets through variables that hold nothing else", () => {
    const nodes: Nodes = [
      IN,
      { name: "asset", op: "Placeholder" },
      { name: "constant", op: "Const" },
      { name: "variable", op: "VarHandleOp", attr: { shared_name: text("path") } },
      { name: "assign", op: "AssignVariableOp", input: ["variable", "asset"] },
      { name: "read", op: "ReadVariableOp", input: ["variable", "^assign"] },
      { name: "init", op: "ReadFile", input: ["read"] },
      { name: "out", op: "Identity", input: ["in"] },
    ];
    const more = { initOp: "init", assets: ["asset:0"] };
    const isRefused = (...extra: Nodes) => found([...nodes, ...extra], more)[1].length > 0;
    assert.equal(isRefused(), false);
    assert.equal(isRefused({ name: "unset", op: "VarHandleOp" }), false);
    assert.equal(isRefused({ name: "again", op: "AssignVariableOp", input: ["variable", "constant"] }), true);
    assert.equal(isRefused({ name: "called", op: "StatefulPartitionedCall", input: ["variable"] }), true);
    assert.equal(isRefused({ name: "handed", op: "Identity", input: ["variable"] }), true);
    assert.equal(isRefused({ name: "path", op: "VarHandleOp" }), true);
    const alias = { name: "alias", op: "VarHandleOp", attr: { shared_name: text("path") } };
    assert.equal(isRefused(alias), true);
    const functions = [{ signature: { name: "f" }, nodeDef: [alias] }];
    assert.equal(found(nodes, { ...more, functions })[1].length, 1);
  });

  it("lets the saver's restore op restore from the saver's file, and nothing else", () => {
    const nodes = [
      IN,
      { name: "file", op: "Placeholder" },
      { name: "constant", op: "Const" },
      { name: "shard", op: "ShardedFilename", input: ["file", "constant", "constant"] },
      { name: "restore", op: "RestoreV2", input: ["file", "constant", "constant"] },
      { name: "restore_shard", op: "RestoreV2", input: ["shard", "constant", "constant"] },
      { name: "restore_other", op: "RestoreV2", input: ["constant", "constant", "constant"] },
      { name: "all", op: "NoOp", input: ["^restore", "^restore_shard"] },
      { name: "evil", op: "NoOp", input: ["^all", "^restore_other", "^read"] },
      { name: "read", op: "ReadFile", input: ["file"] },
      { name: "out", op: "Identity", input: ["in"] },
    ];
    const saver = (restoreOpName: string) => ({ restoreOpName, filenameTensorName: "file:0" });
    assert.deepEqual(found(nodes, { saver: saver("all") }), [[], []]);
    assert.deepEqual(found(nodes, { saver: saver("evil") }), [
      [],
      ["ReadFile read", "RestoreV2 restore_other"],
    ]);
  });

  it("looks at the attributes of ops that write files if told so", () => {
    const out = (op: string, attr: Nodes[number]["attr"]) =>
      found([IN, { name: "out", op, input: ["in"], attr: attr! }])[0];
    assert.deepEqual(out("PrintV2", { output_stream: text("stderr") }), []);
    assert.deepEqual(out("PrintV2", {}), []);
    assert.deepEqual(out("PrintV2", { output_stream: text("file:///tmp/x") }), ["PrintV2 out"]);
    assert.deepEqual(out("PrintV2", { output_stream: placeholder("where") }), ["PrintV2 out"]);
    assert.deepEqual(out("DebugIdentity", { debug_urls: texts("grpc://x", "file:///tmp") }), [
      "DebugIdentity out",
    ]);
    assert.deepEqual(out("DebugIdentity", { debug_urls: texts("grpc://x") }), []);
    assert.deepEqual(out("DebugIdentityV2", { debug_urls: texts("/tmp/dump") }), ["DebugIdentityV2 out"]);
    assert.deepEqual(out("FixedUnigramCandidateSampler", { vocab_file: text("/etc/passwd") }), [
      "FixedUnigramCandidateSampler out",
    ]);
    assert.deepEqual(out("FixedUnigramCandidateSampler", { vocab_file: text("") }), []);
  });

  it("survives cycles of nodes and of identities", () => {
    const nodes = [
      IN,
      { name: "a", op: "Identity", input: ["b"] },
      { name: "b", op: "Identity", input: ["a"] },
      { name: "read", op: "ReadFile", input: ["a"] },
      { name: "out", op: "Merge", input: ["in", "next"] },
      { name: "next", op: "NextIteration", input: ["out"] },
    ];
    assert.deepEqual(found(nodes, { initOp: "read", assets: ["c:0"] }), [[], ["ReadFile read"]]);
  });
});
