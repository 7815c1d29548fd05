import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { DataType } from "../../proto/gen/tensorflow/core/framework/types_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { Code } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { StringTensor, Tensor } from "../../tensor/tensor.ts";
import { files } from "./files.ts";

const root = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(root, { recursive: true, force: true }));

function run(
  op: string,
  attrs: Readonly<Record<string, AttrValue>>,
  inputs: readonly Tensor[],
): readonly Tensor[] {
  return files[op]!.compile(new Attributes("node", attrs, opDefinition(op)))(inputs);
}

const bytes = (value: string) => new TextEncoder().encode(value);
const text = (value: string): StringTensor => ({ dtype: "string", shape: [], data: [bytes(value)] });
const texts = (...values: string[]): StringTensor => ({
  dtype: "string",
  shape: [values.length],
  data: values.map(bytes),
});
const bool = (b: boolean) => create(AttrValueSchema, { value: { case: "b", value: b } });
const dtypes = (...types: DType[]) => ({
  dtypes: create(AttrValueSchema, {
    value: { case: "list", value: { type: types.map((dtype) => dtypeInfo(dtype).number as DataType) } },
  }),
});

interface Named {
  readonly name: string;
  readonly slice?: string;
  readonly tensor: Tensor;
}

function save(prefix: string, ...tensors: Named[]): void {
  const values = tensors.map(({ tensor }) => tensor);
  const names = texts(...tensors.map(({ name }) => name));
  const slices = texts(...tensors.map(({ slice = "" }) => slice));
  run("SaveV2", dtypes(...values.map(({ dtype }) => dtype)), [text(prefix), names, slices, ...values]);
}

function restore(prefix: string, dtype: DType, name: string, slice = ""): Tensor {
  return run("RestoreV2", dtypes(dtype), [text(prefix), texts(name), texts(slice)])[0]!;
}

const floats = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

describe("SaveV2 and RestoreV2", () => {
  it("make the folder, leave nothing but the checkpoint, and give back what was saved", () => {
    const folder = join(root, "saved");
    const prefix = join(folder, "x");
    const words: Tensor = { dtype: "string", shape: [2, 1], data: [bytes("a\0b"), bytes("")] };
    save(prefix, { name: "é", tensor: floats(1, 2) }, { name: "words", tensor: words });
    assert.deepEqual(readdirSync(folder).sort(), ["x.data-00000-of-00001", "x.index"]);
    assert.deepEqual(restore(prefix, "float32", "é"), floats(1, 2));
    assert.deepEqual(restore(prefix, "string", "words"), words);
    assert.deepEqual((restore(prefix, "string", "words", "2 1 1,1:-") as StringTensor).data, [bytes("")]);
  });

  it("replace a checkpoint that is there, and keep it if they fail", () => {
    const prefix = join(root, "again");
    save(prefix, { name: "a", tensor: floats(1) });
    save(prefix, { name: "a", tensor: floats(2, 3) });
    assert.deepEqual(restore(prefix, "float32", "a"), floats(2, 3));
    const twice = { name: "b", tensor: floats(1) };
    assert.throws(() => save(prefix, twice, twice), { code: Code.INVALID_ARGUMENT });
    assert.deepEqual(restore(prefix, "float32", "a"), floats(2, 3));
    assert.ok(!readdirSync(root).some((name) => name.includes("tempstate")));
  });

  it("refuse a tensor without a name, at which TensorFlow ends the process", () => {
    assert.throws(() => save(join(root, "nameless"), { name: "", tensor: floats(1) }), {
      code: Code.INVALID_ARGUMENT,
      message: "A tensor in a checkpoint must have a name",
    });
  });

  it("say of a damaged checkpoint what is wrong", () => {
    const prefix = join(root, "damaged");
    save(prefix, { name: "a", tensor: floats(1, 2) });
    const data = `${prefix}.data-00000-of-00001`;
    const contents = readFileSync(data);
    contents[0]! ^= 1;
    writeFileSync(data, contents);
    assert.throws(() => restore(prefix, "float32", "a"), {
      code: Code.DATA_LOSS,
      message: /damaged\.data-00000/,
    });
    writeFileSync(data, contents.subarray(0, 3));
    assert.throws(() => restore(prefix, "float32", "a"), { code: Code.DATA_LOSS, message: /is truncated/ });
    writeFileSync(`${prefix}.index`, "no table");
    assert.throws(() => restore(prefix, "float32", "a"), {
      code: Code.DATA_LOSS,
      message: /damaged\.index; /,
    });
  });

  it("say of a checkpoint of version 1 that they don't read it", () => {
    const prefix = join(root, "model.ckpt-1");
    writeFileSync(prefix, "of another kind");
    assert.throws(() => restore(prefix, "float32", "a"), {
      code: Code.UNIMPLEMENTED,
      message: `${prefix} is no checkpoint of version 2, which has a file ${prefix}.index; those of version 1 aren't read`,
    });
  });
});

describe("MergeV2Checkpoints", () => {
  function merge(
    prefixes: readonly string[],
    destination: string,
    deletes = true,
    mayBeMissing = false,
  ): void {
    const attrs = { delete_old_dirs: bool(deletes), allow_missing_files: bool(mayBeMissing) };
    assert.deepEqual(run("MergeV2Checkpoints", attrs, [texts(...prefixes), text(destination)]), []);
  }

  it("makes one checkpoint of several, and removes the folders that they were in", () => {
    const [first, second] = [join(root, "t0/part"), join(root, "t1/part")];
    save(first, { name: "a", tensor: floats(1) }, { name: "shared", slice: "4 0,2", tensor: floats(1, 2) });
    save(
      second,
      { name: "b", tensor: text("two") },
      { name: "shared", slice: "4 2,2", tensor: floats(3, 4) },
    );
    const target = join(root, "merged/x");
    merge([first, second], target);
    assert.deepEqual(readdirSync(join(root, "merged")).sort(), [
      "x.data-00000-of-00002",
      "x.data-00001-of-00002",
      "x.index",
    ]);
    assert.ok(!readdirSync(root).some((name) => name === "t0" || name === "t1"));
    assert.deepEqual(restore(target, "float32", "shared"), floats(1, 2, 3, 4));
    assert.deepEqual(restore(target, "float32", "shared", "4 1,2"), floats(2, 3));
    assert.deepEqual(restore(target, "string", "b"), text("two"));
  });

  it("keeps folders that aren't empty, or are to be kept, and what it was given where it goes", () => {
    const [first, second] = [join(root, "k0/part"), join(root, "k1/part")];
    save(first, { name: "a", tensor: floats(1) });
    save(second, { name: "b", tensor: floats(2) });
    writeFileSync(join(root, "k0/other"), "");
    merge([first], join(root, "kept"));
    merge([second], join(root, "kept2"), false);
    assert.deepEqual(readdirSync(join(root, "k0")), ["other"]);
    assert.deepEqual(readdirSync(join(root, "k1")), []);
    merge([join(root, "kept")], join(root, "kept"));
    assert.deepEqual(restore(join(root, "kept"), "float32", "a"), floats(1));
  });

  it("leaves out what is missing where it may be", () => {
    const prefix = join(root, "there");
    save(prefix, { name: "a", tensor: floats(1) });
    merge([join(root, "missing"), prefix], join(root, "some"), true, true);
    assert.deepEqual(restore(join(root, "some"), "float32", "a"), floats(1));
  });
});

describe("WriteFile", () => {
  const write = (path: string, contents: string) => run("WriteFile", {}, [text(path), text(contents)]);

  it("makes folders, and replaces what was there", () => {
    const path = join(root, "w/x/y");
    for (const contents of ["long contents", "short", ""]) {
      assert.deepEqual(write(path, contents), []);
      assert.equal(readFileSync(path, "utf8"), contents);
      assert.deepEqual(run("ReadFile", {}, [text(`file://${path}`)]), [text(contents)]);
    }
  });

  it("refuses a path with a zero byte", () => {
    mkdirSync(join(root, "z"));
    assert.throws(() => write(join(root, "z/a\0b"), "x"), { code: Code.INVALID_ARGUMENT });
    assert.deepEqual(readdirSync(join(root, "z")), []);
  });
});

describe("ReadFile", () => {
  it("reads a device as the empty file that it says it is, and so comes to an end", () => {
    assert.deepEqual(run("ReadFile", {}, [text("/dev/zero")]), [text("")]);
  });
});

describe("MatchingFiles", () => {
  it("finds names that are no UTF-8, which can then be read", () => {
    const folder = join(root, "bytes");
    mkdirSync(folder);
    const name = Buffer.concat([Buffer.from(`${folder}/`), Uint8Array.of(0xff, 0x61)]);
    writeFileSync(name, "found");
    const [found] = run("MatchingFiles", {}, [text(`${folder}/*`)]);
    assert.deepEqual(Buffer.concat((found as StringTensor).data), name);
    assert.deepEqual(run("ReadFile", {}, [{ ...text(""), data: [name] }]), [text("found")]);
  });

  it("takes no time for patterns that could be tried in many ways", () => {
    const folder = join(root, "slow");
    mkdirSync(folder);
    writeFileSync(join(folder, "a".repeat(200)), "");
    const start = performance.now();
    const [found] = run("MatchingFiles", {}, [text(`${folder}/${"*a".repeat(60)}*b`)]);
    assert.deepEqual((found as StringTensor).data, []);
    assert.ok(performance.now() - start < 1000);
  });
});
