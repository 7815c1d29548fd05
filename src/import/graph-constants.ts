import { Attributes } from "../registry/attributes.ts";
import { internal } from "../status/status.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, type NumericTensor, stringTensor, type Tensor } from "../tensor/tensor.ts";
import { tensorFromProto } from "../tensor/tensor-proto.ts";
import { formatRef, type Graph, type GraphNode, type Ref } from "./graph.ts";
import { VARIABLE_VALUE } from "./own-ops.ts";
import type { Variables } from "./translate.ts";

/** The values of a graph's constants, variables that no request changes among them. */
export class GraphConstants {
  readonly #graph: Graph;
  readonly #fed: ReadonlySet<string>;
  readonly #variables: Variables;

  constructor(graph: Graph, fed: ReadonlySet<string>, variables: Variables) {
    this.#graph = graph;
    this.#fed = fed;
    this.#variables = variables;
  }

  /** The value of a Const, if the tensor is one. */
  of(ref: Ref): Tensor | undefined {
    return this.#source(ref)?.op === "Const" ? this.read(ref) : undefined;
  }

  /** @throws StatusError INTERNAL if the tensor is no constant. */
  read(ref: Ref): Tensor {
    const node = this.#graph.nodes.get(ref.node);
    if (node === undefined || (node.op !== "Const" && node.op !== VARIABLE_VALUE)) {
      throw internal(`Nothing computes the tensor ${formatRef(ref)} (${node?.op})`);
    }
    const attrs = new Attributes(node.name, node.attrs, undefined);
    if (node.op === "Const") return tensorFromProto(attrs.tensor("value"));
    const variable = this.#variables(attrs.string("variable"));
    const { dtype, shape } = variable;
    if (dtype === "string") return stringTensor(shape, variable.strings());
    const { array, lanes } = dtypeInfo(dtype);
    const tensor: NumericTensor = { dtype, shape, data: new array!(elementCount(shape) * lanes) };
    variable.read(bytesOf(tensor));
    return tensor;
  }

  /** How many elements of constants a node reads. */
  elementsReadBy({ inputs }: GraphNode): number {
    return inputs.reduce((sum, ref) => {
      const source = this.#source(ref);
      return source === undefined ? sum : sum + this.#elementsOf(source);
    }, 0);
  }

  #elementsOf({ name, op, attrs }: GraphNode): number {
    const attributes = new Attributes(name, attrs, undefined);
    if (op === VARIABLE_VALUE) return elementCount(this.#variables(attributes.string("variable")).shape);
    if (op !== "Const") return 0;
    return elementCount((attributes.tensor("value").tensorShape?.dim ?? []).map((dim) => Number(dim.size)));
  }

  #source(ref: Ref): GraphNode | undefined {
    return this.#fed.has(formatRef(ref)) ? undefined : this.#graph.nodes.get(ref.node);
  }
}
