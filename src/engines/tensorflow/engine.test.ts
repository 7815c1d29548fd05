import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { Code } from "../../status/status.ts";
import type { NumericTensor, StringTensor, Tensor } from "../../tensor/tensor.ts";
import type { SessionTensor } from "../engine.ts";
import { collectGarbage } from "../memory-cases.ts";
import { findLibrary } from "../onnxruntime/library.ts";
import { requireVersion } from "./api.ts";
import { createEngine } from "./contract-subject.ts";
import { createTensorFlowEngine, type TensorFlowEngine } from "./engine.ts";
import { skipWithoutLibrary } from "./found-library.ts";
import {
  constant,
  type GraphCase,
  node,
  placeholder,
  shapeAttr,
  typeAttr,
  writeSavedModel,
} from "./graph-cases.ts";
import type { NativeModel } from "./saved-model.ts";

const root = mkdtempSync(join(tmpdir(), "servable-tensorflow-"));
after(() => rmSync(root, { recursive: true }));
let written = 0;

function folder(model: GraphCase): string {
  const directory = join(root, String(written++));
  writeSavedModel(directory, model);
  return directory;
}

function source(directory: string, tags: readonly string[] = ["serve"]) {
  return { directory, tags, config: new Uint8Array(0) };
}

function spec(
  name: string,
  dtype: SessionTensor["dtype"],
  shape: SessionTensor["shape"] = undefined,
): SessionTensor {
  return { name, dtype, shape };
}

function float(...values: number[]): NumericTensor {
  return { dtype: "float32", shape: [values.length], data: Float32Array.from(values) };
}

function strings(...values: (string | Uint8Array)[]): StringTensor {
  const data = values.map((value) => (typeof value === "string" ? new TextEncoder().encode(value) : value));
  return { dtype: "string", shape: [data.length], data };
}

const FLOAT = { T: typeAttr("float32") };

function identity(dtype: SessionTensor["dtype"]): GraphCase {
  return {
    nodes: [placeholder(spec("x", dtype)), node("y", "Identity", ["x"], { T: typeAttr(dtype) })],
    inputs: [spec("x", dtype)],
    outputs: [spec("y", dtype)],
  };
}

const handle = {
  dtype: typeAttr("float32"),
  shape: shapeAttr(undefined),
  shared_name: { value: { case: "s" as const, value: new TextEncoder().encode("v") } },
};

/** A variable that requests set, and that starts as 5. */
const variable: GraphCase = {
  nodes: [
    placeholder(spec("x", "float32")),
    node("v", "VarHandleOp", [], handle),
    constant("five", { dtype: "float32", shape: [], data: Float32Array.of(5) }),
    node("init", "AssignVariableOp", ["v", "five"], { dtype: typeAttr("float32") }),
    node("set", "AssignVariableOp", ["v", "x"], { dtype: typeAttr("float32") }),
    node("get", "ReadVariableOp", ["v"], { dtype: typeAttr("float32") }),
    node("twice", "AddV2", ["get", "get"], FLOAT),
  ],
  inputs: [],
  outputs: [spec("get", "float32")],
  initOp: "init",
};

describe("TensorFlow", { skip: skipWithoutLibrary }, () => {
  let engine: TensorFlowEngine;
  before(() => {
    engine = createEngine();
  });

  async function using<T>(model: GraphCase, use: (loaded: NativeModel) => T | Promise<T>): Promise<T> {
    const loaded = engine.load(source(folder(model)));
    try {
      return await use(loaded);
    } finally {
      engine.destroy(loaded);
    }
  }

  /** The outputs, run both ways. */
  function outcome(model: GraphCase, ...inputs: Tensor[]): Promise<readonly Tensor[]> {
    return using(model, async (loaded) => {
      const session = engine.attach(engine.describe(loaded, model.inputs, model.outputs));
      const outputs = model.outputs.map((_, i) => i);
      const [sync, async] = [session.run(inputs, outputs), await session.runAsync(inputs, outputs)];
      const copies = [sync, async].map(({ tensors }) => structuredClone(tensors));
      sync.dispose();
      async.dispose();
      session.release();
      assert.deepEqual(copies[0], copies[1]);
      return copies[0]!;
    });
  }

  it("strings of every kind go in and come out", async () => {
    const given = strings(
      "",
      "a",
      "x".repeat(22),
      "y".repeat(23),
      Uint8Array.of(0, 255, 0, 128),
      "z".repeat(100_000),
      Uint8Array.from({ length: 1000 }, (_, i) => i % 256),
    );
    assert.deepEqual(await outcome(identity("string"), given), [given]);
    assert.deepEqual(await outcome(identity("string"), strings()), [strings()]);
    const square: StringTensor = { ...strings("a", "b", "c", "d"), shape: [2, 2] };
    assert.deepEqual(await outcome(identity("string"), square), [square]);
  });

  it("strings that TensorFlow made come out", async () => {
    const joined: GraphCase = {
      nodes: [
        placeholder(spec("x", "string")),
        constant("tail", { dtype: "string", shape: [], data: [new TextEncoder().encode("-".repeat(30))] }),
        node("y", "StringJoin", ["x", "tail"], { N: { value: { case: "i", value: 2n } } }),
        node("part", "StringUpper", ["x"]),
      ],
      inputs: [spec("x", "string")],
      outputs: [spec("y", "string"), spec("part", "string")],
    };
    assert.deepEqual(await outcome(joined, strings("a", "b".repeat(40))), [
      strings(`a${"-".repeat(30)}`, `${"b".repeat(40)}${"-".repeat(30)}`),
      strings("A", "B".repeat(40)),
    ]);
  });

  it("complex and quantized numbers, and bools, keep their values", async () => {
    const all: NumericTensor[] = [
      { dtype: "complex64", shape: [2], data: Float32Array.of(1, 2, 3, 4) },
      { dtype: "complex128", shape: [1, 2], data: Float64Array.of(1, 2, 3, 4) },
      { dtype: "qint8", shape: [2], data: Int8Array.of(-3, 3) },
      { dtype: "quint16", shape: [2], data: Uint16Array.of(3, 65_535) },
      { dtype: "bool", shape: [2], data: Uint8Array.of(1, 0) },
    ];
    for (const tensor of all) assert.deepEqual(await outcome(identity(tensor.dtype), tensor), [tensor]);
  });

  it("inputs may have other shapes than declared, as TensorFlow takes them", async () => {
    const declared: GraphCase = { ...identity("float32"), inputs: [spec("x", "float32", [-1, 1])] };
    assert.deepEqual(await outcome(declared, float(1, 2, 3)), [float(1, 2, 3)]);
  });

  it("an input with fewer values than its shape has is INVALID_ARGUMENT", async () => {
    const short = { code: Code.INVALID_ARGUMENT, message: "Input 'x' of shape [3] needs 3 values, got 2" };
    await assert.rejects(outcome(identity("float32"), { ...float(1, 2), shape: [3] }), short);
    await assert.rejects(outcome(identity("string"), { ...strings("a", "b"), shape: [3] }), short);
  });

  it("a large output is a view until it is disposed", () =>
    using(identity("float32"), (loaded) => {
      const { inputs, outputs } = identity("float32");
      const session = engine.attach(engine.describe(loaded, inputs, outputs));
      const result = session.run(
        [{ dtype: "float32", shape: [8192], data: new Float32Array(8192).fill(3) }],
        [0],
      );
      const { data } = result.tensors[0]!;
      assert.deepEqual([data.length, data[8191]], [8192, 3]);
      result.dispose();
      assert.equal(data.length, 0);
      session.release();
    }));

  it("an error has TensorFlow's code and message, and the node", async () => {
    const gather: GraphCase = {
      nodes: [
        placeholder(spec("x", "float32")),
        placeholder(spec("i", "int32")),
        constant("axis", { dtype: "int32", shape: [], data: Int32Array.of(0) }),
        node("y", "GatherV2", ["x", "i", "axis"], {
          Tparams: typeAttr("float32"),
          Tindices: typeAttr("int32"),
          Taxis: typeAttr("int32"),
        }),
      ],
      inputs: [spec("x", "float32"), spec("i", "int32")],
      outputs: [spec("y", "float32")],
    };
    await assert.rejects(
      outcome(gather, float(1, 2), { dtype: "int32", shape: [1], data: Int32Array.of(7) }),
      {
        code: Code.INVALID_ARGUMENT,
        message: /indices\[0\] = 7 is not in \[0, 2\)[\s\S]*\{\{node y\}\}/,
      },
    );
  });

  it("what can't be loaded says why", () => {
    assert.throws(() => engine.load(source(join(root, "nowhere"))), {
      code: Code.NOT_FOUND,
      message: /Could not find SavedModel \.pb or \.pbtxt/,
    });
    const directory = folder(identity("float32"));
    assert.throws(() => engine.load(source(directory, ["train"])), {
      code: Code.NOT_FOUND,
      message: /Could not find meta graph def matching supplied tags: \{ train \}/,
    });
    const unknown: GraphCase = { ...identity("float32"), nodes: [node("y", "NoSuchOp", [])] };
    assert.throws(() => engine.load(source(folder(unknown))), {
      code: Code.NOT_FOUND,
      message: /Op type not registered 'NoSuchOp'/,
    });
    const broken = join(root, "broken");
    mkdirSync(broken);
    writeFileSync(join(broken, "saved_model.pb"), "this is no model");
    assert.throws(() => engine.load(source(broken)), /parse/);
    assert.throws(() => engine.load({ ...source(directory), config: Uint8Array.of(255, 1) }), {
      code: Code.INVALID_ARGUMENT,
    });
  });

  it("tensors that the graph hasn't, or of another type, are INVALID_ARGUMENT", () =>
    using(identity("float32"), (loaded) => {
      const attach = (input: SessionTensor, output: SessionTensor) =>
        engine.attach(engine.describe(loaded, [input], [output]));
      const [x, y] = [spec("x", "float32"), spec("y:0", "float32")];
      attach(x, y).release();
      const missing = { code: Code.INVALID_ARGUMENT, message: /was not found in the Graph/ };
      assert.throws(() => attach(spec("z", "float32"), y), missing);
      assert.throws(() => attach(x, spec("y:1", "float32")), missing);
      assert.throws(() => attach(x, spec("y", "int32")), {
        code: Code.INVALID_ARGUMENT,
        message: "Tensor y is declared as int32, but the graph has float32 there",
      });
    }));

  it("any part of a graph can be run, targets too", () =>
    using(variable, async (loaded) => {
      const run = async (fetches: string[], targets: string[] = [], feeds: [string, Tensor][] = []) => {
        const result = await engine.runGraph(loaded, { feeds: new Map(feeds), fetches, targets });
        const values = result.tensors.map(({ data }) => [...data]);
        result.dispose();
        return values;
      };
      assert.deepEqual(await run(["get:0", "twice", "five:0"]), [[5], [10], [5]]);
      assert.deepEqual(await run([], ["set"], [["x:0", float(1, 2)]]), []);
      assert.deepEqual(await run(["twice:0"]), [[2, 4]]);
      assert.deepEqual(await run(["twice:0"], [], [["get:0", float(50)]]), [[100]]);
      await assert.rejects(run(["nothing"]), { code: Code.INVALID_ARGUMENT, message: /Tensor nothing:0, / });
      await assert.rejects(run(["get"], ["a", "b"]), { code: Code.NOT_FOUND, message: /not found: a b$/ });
      await assert.rejects(run(["v:0"]), { code: Code.INTERNAL, message: /resource, which can't be sent/ });
      await assert.rejects(run(["twice"], [], [["get", strings("a")]]), { code: Code.INVALID_ARGUMENT });
    }));

  it("what a variable was assigned stays, though nobody holds the input any more", () =>
    using(variable, async (loaded) => {
      for (const size of [4, 100_000]) {
        const x = () => ({ dtype: "float32", shape: [size], data: new Float32Array(size).fill(7) }) as const;
        await engine.runGraph(loaded, { feeds: new Map([["x", x()]]), fetches: [], targets: ["set"] });
        for (let i = 0; i < 10; i++) {
          collectGarbage();
          // Fills what was let go.
          Array.from({ length: 20 }, () => new Float32Array(size).fill(-1));
        }
        const result = await engine.runGraph(loaded, { feeds: new Map(), fetches: ["get"], targets: [] });
        assert.ok((result.tensors[0]!.data as Float32Array).every((value) => value === 7));
        result.dispose();
      }
    }));

  it("strings that a table keeps stay, though nobody holds the input any more", async () => {
    const text = (value: string) => ({
      value: { case: "s" as const, value: new TextEncoder().encode(value) },
    });
    const table: GraphCase = {
      nodes: [
        placeholder(spec("k", "int64")),
        placeholder(spec("v", "string")),
        constant("default", { dtype: "string", shape: [], data: [new TextEncoder().encode("-")] }),
        node("t", "MutableHashTableV2", [], {
          key_dtype: typeAttr("int64"),
          value_dtype: typeAttr("string"),
          shared_name: text("t"),
        }),
        node("insert", "LookupTableInsertV2", ["t", "k", "v"], {
          Tin: typeAttr("int64"),
          Tout: typeAttr("string"),
        }),
        node("find", "LookupTableFindV2", ["t", "k", "default"], {
          Tin: typeAttr("int64"),
          Tout: typeAttr("string"),
        }),
      ],
      inputs: [],
      outputs: [spec("find", "string")],
    };
    await using(table, async (loaded) => {
      const keys = (...values: number[]): NumericTensor => ({
        dtype: "int64",
        shape: [values.length],
        data: BigInt64Array.from(values, BigInt),
      });
      const long = (i: number) => `${i}`.repeat(50);
      for (let i = 0; i < 200; i++) {
        const feeds = new Map<string, Tensor>([
          ["k", keys(i)],
          ["v", strings(long(i))],
        ]);
        await engine.runGraph(loaded, { feeds, fetches: [], targets: ["insert"] });
      }
      collectGarbage();
      const all = keys(...Array.from({ length: 200 }, (_, i) => i));
      const result = await engine.runGraph(loaded, {
        feeds: new Map([["k", all]]),
        fetches: ["find"],
        targets: [],
      });
      assert.deepEqual(result.tensors[0], strings(...Array.from({ length: 200 }, (_, i) => long(i))));
      result.dispose();
    });
  });

  it("has a version, and what isn't its own is refused", () => {
    assert.match(engine.version, /^2\.\d+\.\d+/);
    const foreign = { engine: "onnxruntime", handle: 1n, inputs: [], outputs: [] };
    assert.throws(() => engine.attach(foreign), { code: Code.INVALID_ARGUMENT });
    assert.throws(() => engine.destroy({ ...foreign, engine: "tensorflow" }), {
      code: Code.INVALID_ARGUMENT,
    });
  });
});

describe("a library", () => {
  it("that isn't TensorFlow is FAILED_PRECONDITION, and says what it lacks", () => {
    assert.throws(() => createTensorFlowEngine(findLibrary()), {
      code: Code.FAILED_PRECONDITION,
      message: /libonnxruntime.* lacks functions of TensorFlow's C API that are needed: TF_Version, /,
    });
  });

  it("that can't be opened is FAILED_PRECONDITION, with the system's reason", () => {
    const file = join(root, "libtensorflow_cc.so.2");
    writeFileSync(file, "no library");
    assert.throws(() => createTensorFlowEngine(file), {
      code: Code.FAILED_PRECONDITION,
      message: /^TensorFlow's library can't be loaded: .*libtensorflow_cc\.so\.2/,
    });
  });

  it("of another version is FAILED_PRECONDITION", () => {
    for (const version of ["2.4.0", "2.21.0-rc1", "2.18.1"]) requireVersion(version, "/lib.so");
    for (const version of ["2.3.4", "1.15.0", "3.0.0", "unknown"]) {
      assert.throws(() => requireVersion(version, "/lib.so"), {
        code: Code.FAILED_PRECONDITION,
        message: `TensorFlow 2.4 or a later 2.x is needed, but the library /lib.so is ${version}`,
      });
    }
  });
});
