import type { NumericTensor } from "../../tensor/tensor.ts";
import { CASES, ENCODED, NUMBERS } from "../contract-cases.ts";
import type { SessionTensor } from "../engine.ts";
import { constant, type GraphCase, node, placeholder, typeAttr } from "./graph-cases.ts";

/** The models of the contract as graphs of TensorFlow's. */

function graph(name: string, nodes: (x: SessionTensor, y: SessionTensor) => GraphCase["nodes"]): GraphCase {
  const { inputs, outputs } = CASES.get(name)!.model;
  const named = outputs.map((output) => ({ ...output, name: nodeName(output.name) }));
  return {
    nodes: [...inputs.map(placeholder), ...nodes(inputs[0]!, named[0]!)],
    inputs,
    outputs: named,
  };
}

/** A node's name has no spaces. */
export function nodeName(name: string): string {
  return name.replaceAll(" ", "_");
}

function identity(name: string): GraphCase {
  return graph(name, (x, y) => [node(y.name, "Identity", [x.name], { T: typeAttr(x.dtype) })]);
}

function cast(name: string): GraphCase {
  return graph(name, (x, y) => [
    node(y.name, "Cast", [x.name], { SrcT: typeAttr(x.dtype), DstT: typeAttr(y.dtype) }),
  ]);
}

function weighted(name: string, dtype: NumericTensor["dtype"]): GraphCase {
  const weight: NumericTensor = { dtype, shape: [NUMBERS.length], data: ENCODED[dtype]! };
  return graph(name, (x, y) => [
    constant("w", weight),
    node("v", "Cast", ["w"], { SrcT: typeAttr(dtype), DstT: typeAttr("float64") }),
    node(y.name, "AddV2", [x.name, "v"], { T: typeAttr("float64") }),
  ]);
}

const FLOAT = { T: typeAttr("float32") };

const bias = graph("bias", () => [
  constant("w", { dtype: "float32", shape: [3], data: Float32Array.of(10, 20, 30) }),
  node("bias", "AddV2", ["x", "w"], FLOAT),
]);

const several = graph("opposite", () => [
  node("opposite", "Neg", ["a"], FLOAT),
  node("sum", "AddV2", ["a", "b"], FLOAT),
  node("product", "Mul", ["a", "b"], FLOAT),
]);

/** @param name of a case of the contract. */
export function graphCase(name: string): GraphCase {
  if (name === "bias") return bias;
  if (name === "opposite") return several;
  const [kind, dtype] = name.split(" ");
  if (kind === "weight") return weighted(name, dtype as NumericTensor["dtype"]);
  return dtype === undefined ? identity(name) : cast(name);
}
