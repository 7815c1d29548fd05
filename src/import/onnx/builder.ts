import { failedPrecondition, internal } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { elementCount } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor } from "../../tensor/tensor.ts";
import type { CompiledWeight } from "../program.ts";
import { channelsFirstPerm, channelsLastPerm, movedPads, onChannelsFirst } from "./channel-layout.ts";
import { onnxElementType } from "./element-type.ts";
import { foldNumbers } from "./fold-numbers.ts";
import { legalize } from "./kernel-types.ts";
import { keepLive } from "./live-nodes.ts";
import { isRankFree } from "./rank-free.ts";
import { MAX_ELEMENTS } from "./shapes/rule.ts";
import { shapeRules } from "./shapes/table.ts";
import {
  type Dim,
  type Inferred,
  isNumber,
  type OnnxAttributes,
  type OnnxNode,
  type Subgraph,
  type Value,
} from "./value.ts";

/** A constant of the graph: small ones travel inside of the model, large ones beside it. */
export type Initializer = { readonly name: string; readonly tensor: NumericTensor } | Variable;

/** A weight whose name is that of the variable that it comes from. */
export type Variable = Pick<CompiledWeight, "name" | "dtype" | "shape" | "read" | "stored" | "folding">;

/** A node as translators see it. */
export interface Producer {
  readonly op: string;
  readonly inputs: readonly (Value | undefined)[];
  readonly attrs: OnnxAttributes;
}

/** What the builder has collected; `onnx/model.ts` writes it. */
export interface OnnxGraph {
  readonly inputs: readonly Value[];
  readonly nodes: readonly OnnxNode[];
  readonly initializers: ReadonlyMap<string, Initializer>;
  /** Whether it has a loop whose number of rounds depends on the elements of what it is given, not just on shapes. */
  readonly isUnbounded: boolean;
}

type IntegerDType = "int64" | "int32" | "bool";

/**
 * Builds an ONNX graph node by node, knowing the dtype and, as far as they can be told, the shape and the small
 * integer contents of every value. Casts around kernels that lack a type are added here, so translators needn't know.
 */
export class OnnxBuilder {
  readonly #inputs: Value[] = [];
  /** Those of the subgraph that is being built, if one is. */
  #nodes: OnnxNode[] = [];
  readonly #initializers = new Map<string, Initializer>();
  readonly #integers = new Map<string, Value>();
  readonly #producers = new Map<string, Producer>();
  /** Names of values that nodes make of constants only. */
  readonly #fixed = new Set<string>();
  /** Of values with their channels last, by name, what they were made of. */
  readonly #channelsFirst = new Map<string, Value>();
  readonly #steady = new Set<string>();
  #scope = "";
  #count = 0;
  #symbols = 0;
  #isUnbounded = false;
  readonly #refusesUnknownRanks: boolean;
  /** Names of values of unknown rank: translators may take them to be what their ops demand. */
  readonly #unranked = new Set<string>();

  /**
   * @param refusesUnknownRanks throw FAILED_PRECONDITION for a node that would do with a value of unknown rank what
   * TensorFlow refuses. Default: false.
   */
  constructor(refusesUnknownRanks = false) {
    this.#refusesUnknownRanks = refusesUnknownRanks;
  }

  /** Names of nodes added from here on start with this: the TensorFlow node that they stand for. */
  enter(scope: string): void {
    this.#scope = scope;
  }

  /** A symbol for a size that nothing is known of. */
  readonly fresh = (): Dim => `d${this.#symbols++}`;

  /** How far symbols have been given out: tells those that were made before from those that come. */
  mark(): number {
    return this.#symbols;
  }

  isOlder(dim: Dim, mark: number): boolean {
    return !isNumber(dim) && Number(dim.slice(1)) < mark;
  }

  input(name: string, dtype: DType, shape: readonly Dim[] | undefined): Value {
    const value: Value = { name, dtype, shape, elements: undefined, constant: undefined };
    this.#inputs.push(value);
    if (shape === undefined) this.#unranked.add(name);
    return value;
  }

  #checkRanks(op: string, inputs: readonly (Value | undefined)[]): void {
    if (!this.#refusesUnknownRanks || this.#unranked.size === 0) return;
    const isUnranked = (value: Value): boolean => this.#unranked.has(value.name);
    if (!isRankFree(op, inputs, isUnranked)) throw failedPrecondition(`${op} needs inputs of known rank`);
  }

  /** An input of a subgraph. */
  argument(dtype: DType, shape: readonly Dim[] | undefined, elements?: readonly Dim[]): Value {
    return { name: this.#name("argument"), dtype, shape, elements, constant: undefined };
  }

  /**
   * Collects the nodes that `build` adds into a subgraph. Constants stay in the outermost graph, which all subgraphs see.
   * @param build gives the subgraph's outputs.
   */
  subgraph(inputs: readonly Value[], build: () => readonly Value[]): Subgraph {
    const outer = this.#nodes;
    const nodes: OnnxNode[] = [];
    this.#nodes = nodes;
    try {
      const results = build();
      const own = new Set(nodes.flatMap((node) => node.outputs));
      // What a subgraph gives must be made by it.
      const outputs = results.map((value) => (own.delete(value.name) ? value : this.#copy(value)));
      return { inputs, nodes, outputs };
    } finally {
      this.#nodes = outer;
    }
  }

  /** A constant whose data lies in memory. */
  constant(tensor: NumericTensor): Value {
    const name = this.#name("const");
    this.#initializers.set(name, { name, tensor });
    return {
      name,
      dtype: tensor.dtype,
      shape: tensor.shape,
      elements: smallIntegers(tensor),
      constant: () => tensor,
    };
  }

  /** A constant that is read only when needed, and kept out of the model's bytes. */
  weight(weight: Variable & { readonly dtype: NumericTensor["dtype"] }): Value {
    const { name, dtype, shape, read } = weight;
    this.#initializers.set(name, weight);
    const constant = (): NumericTensor => {
      const data = new (dtypeInfo(dtype).array!)(elementCount(shape) * dtypeInfo(dtype).lanes);
      const tensor: NumericTensor = { dtype, shape, data };
      read(bytesOf(tensor));
      return tensor;
    };
    return { name, dtype, shape, elements: undefined, constant };
  }

  /** An int64 vector. */
  ints(values: readonly number[]): Value {
    return this.#integer("int64", values, [values.length]);
  }

  /** A scalar of any numeric type. */
  scalar(dtype: NumericTensor["dtype"], value: number): Value {
    if (dtype === "int64" || dtype === "int32" || dtype === "bool") return this.#integer(dtype, [value], []);
    return this.constant({ dtype, shape: [], data: encodeNumbers(dtype, [value]) });
  }

  /** A tensor of any numeric type from numbers. */
  numbers(dtype: NumericTensor["dtype"], shape: Shape, values: readonly number[]): Value {
    return this.constant({ dtype, shape, data: encodeNumbers(dtype, values) });
  }

  /** Adds a node with one output. Trailing absent inputs are left out. */
  op(op: string, inputs: readonly (Value | undefined)[], attrs: OnnxAttributes = {}): Value {
    return this.ops(op, inputs, attrs, 1)[0]!;
  }

  /** Adds a node with several outputs. */
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    attrs: OnnxAttributes,
    outputs: number,
  ): readonly Value[] {
    const moved = onChannelsFirst(op, {
      onnx: this,
      inputs,
      attrs,
      firstOf: (value) => this.#channelsFirst.get(value.name),
      add: (others, settings = attrs) => this.#add(op, others, settings, outputs),
    });
    if (moved === undefined) return this.#add(op, inputs, attrs, outputs);
    // Who looks for a pattern finds the nodes as they were asked for.
    for (const value of moved) this.#producers.set(value.name, { op, inputs, attrs });
    return moved;
  }

  /** A tensor of rank 3 or more whose channels come last, with its channels behind the batch. */
  toChannelsFirst(value: Value, rank = value.shape!.length): Value {
    const known = this.#channelsFirst.get(value.name);
    if (known !== undefined) return known;
    const padded = this.#producers.get(value.name);
    if (padded?.op === "Pad" && padded.inputs[3] === undefined) {
      const [x, pads, fill] = padded.inputs as [Value, Value, Value | undefined];
      const moved = movedPads(pads, rank);
      // ONNX Runtime makes padding part of the layer that comes next.
      if (moved !== undefined) {
        return this.op("Pad", [this.toChannelsFirst(x, rank), this.ints(moved), fill], padded.attrs);
      }
    }
    return this.op("Transpose", [value], { perm: channelsFirstPerm(rank) });
  }

  /** Whether a value with its channels last was made of the same with its channels first. */
  hasChannelsFirst(value: Value): boolean {
    return this.#channelsFirst.has(value.name);
  }

  /** The inverse of {@link toChannelsFirst}. */
  toChannelsLast(value: Value, rank = value.shape!.length): Value {
    const last = this.op("Transpose", [value], { perm: channelsLastPerm(rank) });
    this.#channelsFirst.set(last.name, value);
    return last;
  }

  #add(
    op: string,
    inputs: readonly (Value | undefined)[],
    attrs: OnnxAttributes,
    outputs: number,
  ): readonly Value[] {
    const rule = shapeRules[op];
    if (rule === undefined) throw internal(`The importer has no shape rule for the ONNX op ${op}`);
    const inferred = rule({ op, inputs, attrs, outputs, fresh: this.fresh }).slice(0, outputs);
    if (outputs === 1 && isKnown(inferred[0]!.elements) && inferred[0]!.shape?.every(isNumber)) {
      const { dtype, shape, elements } = inferred[0]!;
      return [this.#integer(dtype as IntegerDType, elements as readonly number[], shape as Shape)];
    }
    const folded = outputs === 1 ? this.#folded(op, inputs, attrs) : undefined;
    if (folded !== undefined) return [folded];
    this.#checkRanks(op, inputs);
    const legal = legalize(op, inputs, outputs);
    const accepted = inputs.map((value, i) => {
      const target = legal.casts[i];
      return value === undefined || target === undefined ? value : this.cast(value, target);
    });
    const isFixed = accepted.every((value) => value === undefined || this.isFixed(value));
    const names = inferred.map(() => this.#name(op));
    this.#nodes.push({ op, name: names[0]!, inputs: inputNames(accepted), outputs: names, attrs });
    return inferred.map(({ dtype, shape, elements }, i) => {
      const delivered = legal.outputs[i] ?? dtype;
      const value: Value = { name: names[i]!, dtype: delivered, shape, elements, constant: undefined };
      this.#producers.set(value.name, { op, inputs, attrs });
      if (isFixed) this.#fixed.add(value.name);
      if (shape === undefined) this.#unranked.add(value.name);
      return this.cast(value, dtype);
    });
  }

  /** What a node makes of small constants, if that can be told here. */
  #folded(op: string, inputs: readonly (Value | undefined)[], attrs: OnnxAttributes): Value | undefined {
    const tensors: NumericTensor[] = [];
    for (const value of inputs) {
      const initializer = this.#initializers.get(value?.name ?? "");
      if (initializer === undefined || !("tensor" in initializer)) return undefined;
      tensors.push(initializer.tensor);
    }
    const tensor = foldNumbers(op, tensors, attrs);
    return tensor && this.constant(tensor);
  }

  /**
   * Adds a node that runs subgraphs.
   * @param outputs what is known of each; sizes must be known outside of the subgraphs.
   */
  flow(
    op: "Loop" | "If",
    inputs: readonly (Value | undefined)[],
    attrs: OnnxAttributes,
    outputs: readonly Inferred[],
  ): Value[] {
    this.#checkRanks(op, inputs);
    const values = outputs.map(
      ({ dtype, shape, elements }): Value => ({
        name: this.#name(op),
        dtype,
        shape,
        elements,
        constant: undefined,
      }),
    );
    const names = values.map((value) => value.name);
    this.#nodes.push({
      op,
      name: names[0] ?? this.#name(op),
      inputs: inputNames(inputs),
      outputs: names,
      attrs,
    });
    for (const { name } of values) this.#producers.set(name, { op, inputs, attrs });
    return values;
  }

  /** Notes that a value's shape follows from the shapes of what the graph is given, although a loop makes it. */
  markSteady(value: Value): void {
    this.#steady.add(value.name);
  }

  isSteady(value: Value): boolean {
    return this.#steady.has(value.name);
  }

  /** Notes that how long a run takes can't be told from the shapes of its inputs. */
  markUnbounded(): void {
    this.#isUnbounded = true;
  }

  #copy(value: Value): Value {
    const name = this.#name("Identity");
    this.#nodes.push({ op: "Identity", name, inputs: [value.name], outputs: [name], attrs: {} });
    this.#producers.set(name, { op: "Identity", inputs: [value], attrs: {} });
    return { ...value, name };
  }

  /** The node that computes a value, for translators that recognise what an exporter has spelled out. */
  producer(value: Value): Producer | undefined {
    return this.#producers.get(value.name);
  }

  /** An integer before it was cast, perhaps several times, from or to another type of integers. */
  uncast(value: Value): Value {
    const producer = this.#producers.get(value.name);
    const [before] = producer?.op === "Cast" ? producer.inputs : [];
    return before !== undefined && isIndex(before) && isIndex(value) ? this.uncast(before) : value;
  }

  /** Whether it is an input of the outermost graph. */
  isInput(value: Value): boolean {
    return this.#inputs.some(({ name }) => name === value.name);
  }

  /** Whether it is the same in every run, if not known at import: the engine computes it once. */
  isFixed(value: Value): boolean {
    return value.constant !== undefined || this.#fixed.has(value.name);
  }

  cast(value: Value, dtype: DType): Value {
    if (value.dtype === dtype) return value;
    return this.op("Cast", [value], { to: onnxElementType(dtype) });
  }

  /** What was built, without the nodes and constants that no output needs. */
  finish(outputs: readonly Value[]): OnnxGraph {
    const needed = new Set(outputs.map((value) => value.name));
    const nodes = keepLive(this.#nodes, needed);
    const initializers = new Map([...this.#initializers].filter(([name]) => needed.has(name)));
    return { inputs: this.#inputs, nodes, initializers, isUnbounded: this.#isUnbounded };
  }

  #integer(dtype: IntegerDType, values: readonly number[], shape: Shape): Value {
    const key = `${dtype}[${shape}]${values}`;
    const existing = this.#integers.get(key);
    if (existing !== undefined) return existing;
    const value = this.constant({ dtype, shape, data: encodeNumbers(dtype, values) });
    this.#integers.set(key, value);
    return value;
  }

  #name(what: string): string {
    return `${this.#scope}/${what}_${this.#count++}`;
  }
}

function isIndex({ dtype }: Value): boolean {
  return dtype === "int32" || dtype === "int64";
}

function isKnown(elements: readonly Dim[] | undefined): boolean {
  return elements?.every(isNumber) ?? false;
}

function inputNames(values: readonly (Value | undefined)[]): string[] {
  const names = values.map((value) => value?.name ?? "");
  while (names.at(-1) === "") names.pop();
  return names;
}

function smallIntegers(tensor: NumericTensor): readonly number[] | undefined {
  const { dtype, data } = tensor;
  if ((dtype !== "int64" && dtype !== "int32" && dtype !== "bool") || data.length > MAX_ELEMENTS)
    return undefined;
  const numbers = Array.from(data as ArrayLike<number | bigint>, Number);
  return numbers.every(Number.isSafeInteger) ? numbers : undefined;
}

const halfView = new DataView(new ArrayBuffer(4));

/** Numbers as the array that holds `dtype`. */
export function encodeNumbers(
  dtype: NumericTensor["dtype"],
  values: readonly number[],
): NumericTensor["data"] {
  if (dtype === "int64") return BigInt64Array.from(values, (value) => BigInt(value));
  if (dtype === "uint64") return BigUint64Array.from(values, (value) => BigInt(value));
  if (dtype === "float16") return new Uint16Array(new Float16Array(values).buffer);
  if (dtype === "bfloat16") return Uint16Array.from(values, bfloat16Bits);
  const data = new (dtypeInfo(dtype).array!)(values.length) as Float64Array;
  data.set(values);
  return data;
}

/** Rounds to nearest even, as TensorFlow does. */
function bfloat16Bits(value: number): number {
  if (Number.isNaN(value)) return 0x7fc0;
  halfView.setFloat32(0, value);
  const bits = halfView.getUint32(0);
  return ((bits + 0x7fff + ((bits >>> 16) & 1)) >>> 16) & 0xffff;
}
