import { Attributes } from "../../registry/attributes.ts";
import { opDefinition } from "../../registry/op-registry.ts";
import { formatRef, type GraphNode, type Ref } from "../graph.ts";
import { VARIABLE_VALUE } from "../own-ops.ts";
import { narrowBlock, reshapeBlock, squeezeBlock, transposeBlock } from "./block.ts";
import {
  constantInt,
  constantInts,
  constantOf,
  fixedBlock,
  follow,
  isZeros,
  nodeOf,
  type Scope,
} from "./constants.ts";
import { type Expression, type Expressions, widthOf } from "./expression.ts";
import { sliceRange } from "./slice-range.ts";

const FUNCTIONS: Readonly<Record<string, string>> = {
  Tanh: "Tanh",
  Sigmoid: "Sigmoid",
  Relu: "Relu",
  Relu6: "Relu6",
  Elu: "Elu",
  Softsign: "Softsign",
};

/** Reads tensors of a graph as {@link Expression}s; what has no form there is opaque. */
export class BodyReader {
  readonly #make: Expressions;
  readonly #scope: Scope;
  /** What a tensor from outside, or one that the caller knows better, stands for. */
  readonly #known: (ref: Ref) => Expression | undefined;
  readonly #read = new Map<string, Expression>();

  constructor(make: Expressions, scope: Scope, known: (ref: Ref) => Expression | undefined) {
    this.#make = make;
    this.#scope = scope;
    this.#known = known;
  }

  read(ref: Ref): Expression {
    const at = follow(this.#scope, ref);
    const key = formatRef(at);
    const done = this.#read.get(key);
    if (done !== undefined) return done;
    const made = this.#known(at) ?? this.#compute(at) ?? this.#make.opaque(at);
    this.#read.set(key, made);
    return made;
  }

  #compute(ref: Ref): Expression | undefined {
    const node = nodeOf(this.#scope, ref);
    if (node === undefined) return undefined;
    const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
    const [a, b, c] = node.inputs as [Ref, Ref, Ref];
    switch (node.op) {
      case "Const":
      case VARIABLE_VALUE:
        return this.#constant(node);
      case "MatMul":
        return attrs.bool("transpose_a")
          ? undefined
          : this.#product(this.read(a), this.read(b), attrs.bool("transpose_b"));
      case "BiasAdd":
      case "Add":
      case "AddV2":
      case "AddN":
        return this.#make.sum(node.inputs.map((input) => this.read(input)));
      case "Sub":
        return this.#difference(this.read(a), this.read(b));
      case "Mul":
        return this.#make.times(this.read(a), this.read(b));
      case "Div":
      case "RealDiv":
        return this.#quotient(this.read(a), this.read(b));
      case "Minimum":
      case "Maximum":
        return this.#bound(node.op, this.read(a), this.read(b));
      case "LeakyRelu":
        return this.#make.apply("LeakyRelu", attrs.float("alpha"), this.read(a));
      case "Split":
        return this.#part(this.read(b), constantInt(this.#scope, a), ref.index, attrs.int("num_split"));
      case "SplitV":
        return this.#partOfSizes(
          this.read(a),
          constantInt(this.#scope, c),
          constantInts(this.#scope, b),
          ref.index,
        );
      case "Unpack":
        return this.#row(this.read(a), attrs.int("axis"), ref.index);
      case "StridedSlice":
        return this.#slice(node, attrs, this.read(a));
      case "Squeeze":
        return this.#squeezed(this.read(a), attrs.ints("squeeze_dims"));
      case "Reshape":
        return this.#reshaped(this.read(a), constantInts(this.#scope, b));
      case "Transpose":
        return this.#transposed(this.read(a), constantInts(this.#scope, b));
      case "ConcatV2":
        return this.#concat(node.inputs.slice(0, -1), node.inputs.at(-1)!);
      case "ZerosLike":
      case "Fill":
        return isZeros(this.#scope, ref) ? this.#make.zeros : undefined;
      case "Select":
      case "SelectV2":
        return this.#choice(node.op, this.read(a), this.read(b), this.read(c));
      case "LogicalNot":
        return this.#make.not(this.read(a));
      case "Tile":
        return this.#tiled(this.read(a), constantInts(this.#scope, b));
      case "Less":
        return this.#within(this.read(a), this.read(b));
      case "Greater":
        return this.#within(this.read(b), this.read(a));
      case "GreaterEqual":
        return this.#ended(this.read(a), this.read(b));
      case "LessEqual":
        return this.#ended(this.read(b), this.read(a));
      default: {
        const name = Object.hasOwn(FUNCTIONS, node.op) ? FUNCTIONS[node.op] : undefined;
        return name === undefined ? undefined : this.#make.apply(name, 0, this.read(a));
      }
    }
  }

  #constant(node: GraphNode): Expression | undefined {
    const block = fixedBlock(node);
    if (block === undefined) return undefined;
    if (block.shape.length > 0 || node.op !== "Const") return this.#make.block(block);
    const scalar = constantOf(this.#scope, { node: node.name, index: 0 });
    return this.#make.number(Number((scalar as { data: Float32Array }).data[0]));
  }

  #product(a: Expression, b: Expression, transposed: boolean): Expression | undefined {
    if (b.kind !== "block" || b.block.shape.length !== 2) return undefined;
    const matrix = transposed ? transposeBlock(b.block, [1, 0]) : b.block;
    return matrix && this.#make.product(a, matrix);
  }

  #difference(a: Expression, b: Expression): Expression | undefined {
    if (b.kind === "number") return this.#make.sum([a, this.#make.number(-b.value)]);
    return a.kind === "number" && a.value === 1 ? this.#make.complement(b) : undefined;
  }

  #quotient(a: Expression, b: Expression): Expression | undefined {
    return b.kind === "number" ? this.#make.scaled(1 / b.value, a) : undefined;
  }

  #bound(op: string, a: Expression, b: Expression): Expression | undefined {
    if (b.kind === "number") return this.#make.apply(op, b.value, a);
    return a.kind === "number" ? this.#make.apply(op, a.value, b) : undefined;
  }

  /** One of equal parts along an axis. */
  #part(of: Expression, axis: number | undefined, index: number, count: number): Expression | undefined {
    const size = of.kind === "block" ? of.block.shape.at(axis ?? 0) : widthOf(of);
    if (size === undefined || size % count !== 0) return undefined;
    return this.#narrowed(of, axis, (index * size) / count, size / count);
  }

  #partOfSizes(
    of: Expression,
    axis: number | undefined,
    sizes: readonly number[] | undefined,
    index: number,
  ): Expression | undefined {
    if (sizes === undefined) return undefined;
    const total = of.kind === "block" ? of.block.shape.at(axis ?? 0) : widthOf(of);
    const known = sizes.filter((size) => size >= 0).reduce((sum, size) => sum + size, 0);
    if (total === undefined) return undefined;
    const full = sizes.map((size) => (size < 0 ? total - known : size));
    const start = full.slice(0, index).reduce((sum, size) => sum + size, 0);
    return this.#narrowed(of, axis, start, full[index]!);
  }

  /** Of what isn't constant, only the columns of a matrix are told apart. */
  #narrowed(of: Expression, axis: number | undefined, start: number, size: number): Expression | undefined {
    if (axis === undefined) return undefined;
    if (of.kind === "block") {
      const at = axis < 0 ? axis + of.block.shape.length : axis;
      const block = narrowBlock(of.block, at, start, size);
      return block && this.#make.block(block);
    }
    return axis === 1 || axis === -1 ? this.#make.columns(of, start, size) : undefined;
  }

  #row(of: Expression, axis: number, index: number): Expression | undefined {
    if (of.kind !== "block") return undefined;
    const at = axis < 0 ? axis + of.block.shape.length : axis;
    const narrow = narrowBlock(of.block, at, index, 1);
    const row = narrow && squeezeBlock(narrow, at);
    return row && this.#make.block(row);
  }

  #slice(node: GraphNode, attrs: Attributes, of: Expression): Expression | undefined {
    const bounds = node.inputs.slice(1).map((ref) => constantInts(this.#scope, ref));
    const sizes = of.kind === "block" ? of.block.shape : [undefined, widthOf(of)];
    const ranges = sliceRange(attrs, bounds, sizes);
    if (ranges === undefined) return undefined;
    let result: Expression | undefined = of;
    for (const [axis, range] of [...ranges.entries()].reverse()) {
      if (range === undefined) continue;
      result = result && this.#narrowed(result, axis, range.start, range.size);
      if (range.dropped) result = result && this.#squeezed(result, [axis]);
    }
    return result;
  }

  #squeezed(of: Expression, axes: readonly number[]): Expression | undefined {
    if (of.kind !== "block") return undefined;
    const rank = of.block.shape.length;
    const chosen =
      axes.length > 0 ? axes.map((axis) => (axis < 0 ? axis + rank : axis)) : [...of.block.shape.keys()];
    let { block } = of;
    for (const axis of chosen.toSorted((a, b) => b - a)) {
      if (axes.length === 0 && block.shape[axis] !== 1) continue;
      const smaller = squeezeBlock(block, axis);
      if (smaller === undefined) return undefined;
      block = smaller;
    }
    return this.#make.block(block);
  }

  #reshaped(of: Expression, shape: readonly number[] | undefined): Expression | undefined {
    const block = of.kind === "block" && shape !== undefined ? reshapeBlock(of.block, shape) : undefined;
    return block && this.#make.block(block);
  }

  #transposed(of: Expression, perm: readonly number[] | undefined): Expression | undefined {
    const block = of.kind === "block" && perm !== undefined ? transposeBlock(of.block, perm) : undefined;
    return block && this.#make.block(block);
  }

  #concat(parts: readonly Ref[], axis: Ref): Expression | undefined {
    const along = constantInt(this.#scope, axis);
    return along === 1 || along === -1 ? this.#make.concat(parts.map((part) => this.read(part))) : undefined;
  }

  /** Select takes a condition per row, SelectV2 one that is broadcast: a column then, which `element` is. */
  #choice(op: string, live: Expression, yes: Expression, no: Expression): Expression | undefined {
    const condition = live.kind === "not" ? live.of : live;
    const perRow =
      condition.kind === "within" ? op === "Select" : condition.kind === "element" && op === "SelectV2";
    return perRow ? this.#make.choice(live, yes, no) : undefined;
  }

  /** A column of conditions, perhaps repeated to the right. */
  #tiled(of: Expression, multiples: readonly number[] | undefined): Expression | undefined {
    return of.kind === "element" && multiples?.length === 2 && multiples[0] === 1 ? of : undefined;
  }

  #within(a: Expression, b: Expression): Expression | undefined {
    return a.kind === "step" && b.kind === "outer" ? this.#make.within(b.ref) : undefined;
  }

  #ended(a: Expression, b: Expression): Expression | undefined {
    const within = this.#within(a, b);
    return within && this.#make.not(within);
  }
}
