import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { internal } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { parseRef, type Ref } from "./graph.ts";
import { Registers } from "./registers.ts";

const three: Tensor = { dtype: "int32", shape: [1], data: Int32Array.of(3) };
const four: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(4) };

/** The constants of a graph that has one, `c`. */
const graphConstants = {
  of: (ref: Ref) => (ref.node === "c" ? three : undefined),
  read(ref: Ref): Tensor {
    if (ref.node !== "c") throw internal(`Nothing computes the tensor ${ref.node}`);
    return three;
  },
};

const [x, y, c, sum] = ["x", "y", "c", "sum"].map(parseRef) as [Ref, Ref, Ref, Ref];

describe("Registers", () => {
  let registers: Registers;
  beforeEach(() => {
    registers = new Registers(graphConstants);
    registers.feed(x, [-1, 2]);
    registers.feed(y, undefined);
  });

  it("begin with the feeds, and give each tensor one", () => {
    assert.deepEqual([registers.read(x), registers.read(y), registers.count], [0, 1, 2]);
    assert.deepEqual(
      [registers.shapeOf(x), registers.shapeOf(y), registers.shapeOf(undefined)],
      [[-1, 2], undefined, undefined],
    );
    assert.equal(registers.produce(sum, [5]), 2);
    assert.equal(registers.allocate(sum), 2);
    assert.equal(registers.read(sum), 2);
    assert.deepEqual(registers.shapeOf(sum), [5]);
    assert.equal(registers.count, 3);
  });

  it("hold a constant once it is read, and know it before", () => {
    assert.deepEqual(registers.knownOf(c), { shape: [1], constant: three });
    assert.deepEqual([registers.count, registers.constants], [2, []]);
    assert.deepEqual([registers.read(c), registers.read(c)], [2, 2]);
    assert.deepEqual(registers.constants, [{ register: 2, tensor: three }]);
    assert.equal(registers.constantIn(2), three);
    assert.equal(registers.constantIn(0), undefined);
  });

  it("hold what turned out to be a constant", () => {
    registers.produceConstant(sum, [], four);
    assert.equal(registers.constantIn(registers.read(sum)), four);
    assert.deepEqual(registers.shapeOf(sum), []);
  });

  it("may hold a tensor under two names", () => {
    registers.alias(sum, registers.read(x), [3, 2]);
    assert.equal(registers.read(sum), 0);
    assert.deepEqual(
      [registers.shapeOf(sum), registers.shapeOf(x)],
      [
        [3, 2],
        [-1, 2],
      ],
    );
    assert.equal(registers.count, 2);
  });

  it("refuse what nothing computes", () => {
    assert.throws(() => registers.read(sum), { message: "Nothing computes the tensor sum" });
  });
});
