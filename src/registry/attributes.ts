import type { AttrValue } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { TensorProto } from "../proto/gen/tensorflow/core/framework/tensor_pb.ts";
import type { TensorShapeProto } from "../proto/gen/tensorflow/core/framework/tensor_shape_pb.ts";
import { internal, unimplemented } from "../status/status.ts";
import { type DType, dtypeOfNumber } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { AttributeBinding, AttributeDefault, OpDefinition } from "./op-registry.ts";

const text = new TextDecoder();
const encoder = new TextEncoder();

/** A node's attributes, with the op registry's defaults for those that the model leaves out. */
export class Attributes implements AttributeBinding {
  /** The node's name. */
  readonly node: string;
  readonly #attrs: Readonly<Record<string, AttrValue>>;
  readonly #definition: OpDefinition | undefined;

  constructor(
    node: string,
    attrs: Readonly<Record<string, AttrValue>>,
    definition: OpDefinition | undefined,
  ) {
    this.node = node;
    this.#attrs = attrs;
    this.#definition = definition;
  }

  has(name: string): boolean {
    return this.#attrs[name] !== undefined;
  }

  /** Whether the op has such an attribute at all, given or not. */
  knows(name: string): boolean {
    return this.has(name) || this.#definition?.attrs[name] !== undefined;
  }

  int(name: string): number {
    const value = this.#value(name, "i");
    return Number(value);
  }

  /** An int attribute with all of its 64 bits. */
  bigint(name: string): bigint {
    return BigInt(this.#value(name, "i") as bigint | number | string);
  }

  float(name: string): number {
    return Number(this.#value(name, "f"));
  }

  bool(name: string): boolean {
    return Boolean(this.#value(name, "b"));
  }

  string(name: string): string {
    const value = this.#value(name, "s");
    return value instanceof Uint8Array ? text.decode(value) : String(value);
  }

  /** A string attribute as it is in the file: it need not be UTF-8. */
  bytes(name: string): Uint8Array {
    const value = this.#value(name, "s");
    return value instanceof Uint8Array ? value : encoder.encode(String(value));
  }

  dtype(name: string): DType {
    const value = this.#value(name, "type");
    return typeof value === "number" ? this.#dtype(value) : (value as DType);
  }

  ints(name: string): readonly number[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.i.map(Number);
    return this.#default(name) as readonly number[];
  }

  bigints(name: string): readonly bigint[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.i.map(BigInt);
    return (this.#default(name) as readonly (number | string)[]).map(BigInt);
  }

  floats(name: string): readonly number[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.f;
    return this.#default(name) as readonly number[];
  }

  strings(name: string): readonly string[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.s.map((bytes) => text.decode(bytes));
    return this.#default(name) as readonly string[];
  }

  dtypes(name: string): readonly DType[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.type.map((number) => this.#dtype(number));
    return this.#default(name) as readonly DType[];
  }

  /** Undefined means an unknown rank. */
  shape(name: string): PartialShape {
    const attr = this.#attrs[name];
    if (attr?.value.case === "shape") return partialShape(attr.value.value);
    return (this.#default(name) as readonly number[] | null) ?? undefined;
  }

  shapes(name: string): readonly PartialShape[] {
    const attr = this.#attrs[name];
    if (attr?.value.case === "list") return attr.value.value.shape.map(partialShape);
    return this.#default(name) as readonly [];
  }

  tensor(name: string): TensorProto {
    const attr = this.#attrs[name];
    if (attr?.value.case !== "tensor") throw internal(`Node ${this.node} has no tensor attribute ${name}`);
    return attr.value.value;
  }

  /** The name of the function that a `func` attribute holds. */
  func(name: string): string {
    const attr = this.#attrs[name];
    if (attr?.value.case !== "func") throw internal(`Node ${this.node} has no function attribute ${name}`);
    return attr.value.value.name;
  }

  /** The names of the functions that a `list(func)` attribute holds. */
  funcs(name: string): readonly string[] {
    const attr = this.#attrs[name];
    if (attr?.value.case !== "list") throw internal(`Node ${this.node} has no function list ${name}`);
    return attr.value.value.func.map((func) => func.name);
  }

  #value(name: string, kind: "i" | "f" | "b" | "s" | "type"): unknown {
    const attr = this.#attrs[name];
    if (attr?.value.case === kind) return attr.value.value;
    return this.#default(name);
  }

  #default(name: string): AttributeDefault {
    const row = this.#definition?.attrs[name];
    if (row === undefined || row.length === 1) {
      throw internal(`Node ${this.node} lacks the attribute ${name}, which has no default`);
    }
    return row[1];
  }

  #dtype(number: number): DType {
    const dtype = dtypeOfNumber(number);
    if (dtype === undefined)
      throw unimplemented(`Node ${this.node} has the unknown data type number ${number}`);
    return dtype;
  }
}

export function partialShape(proto: TensorShapeProto): PartialShape {
  return proto.unknownRank ? undefined : proto.dim.map((dim) => Number(dim.size));
}
