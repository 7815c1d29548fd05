import { createHash } from "node:crypto";
import { bytesOf, type NumericTensor } from "../../tensor/tensor.ts";
import type { Initializer, OnnxGraph } from "./builder.ts";
import { type OnnxAttribute, type OnnxNode, subgraphsOf, type Value } from "./value.ts";

/**
 * The same text for two graphs of one SavedModel that compute the same from the same variables, whatever their nodes,
 * inputs and outputs are called. Exporters write a model's function under several signatures.
 */
export function modelIdentity(graph: OnnxGraph, outputs: readonly Value[]): string {
  const hash = createHash("sha256");
  const names = new Map<string, string>();
  const symbols = new Map<string, number>();
  const shapeText = ({ dtype, shape }: Value): string => {
    const dims = shape?.map((dim) => {
      if (typeof dim === "number") return dim;
      if (!symbols.has(dim)) symbols.set(dim, symbols.size);
      return `s${symbols.get(dim)}`;
    });
    return `${dtype}[${dims ?? "?"}]`;
  };
  const nameOf = (name: string): string => {
    const initializer = graph.initializers.get(name);
    return initializer === undefined ? (names.get(name) ?? name) : initializerText(initializer);
  };
  for (const [i, input] of graph.inputs.entries()) {
    names.set(input.name, `i${i}`);
    hash.update(`input ${shapeText(input)}\n`);
  }
  let count = 0;
  const addNodes = (nodes: readonly OnnxNode[]): void => {
    for (const node of nodes) {
      for (const [key, { inputs, nodes: inner, outputs: results }] of subgraphsOf(node)) {
        hash.update(`graph ${key}
`);
        for (const input of inputs) {
          names.set(input.name, `n${count++}`);
          hash.update(`input ${shapeText(input)}
`);
        }
        addNodes(inner);
        for (const output of results)
          hash.update(`output ${nameOf(output.name)} ${shapeText(output)}
`);
      }
      const attrs = Object.entries(node.attrs).map(([key, value]) => `${key}=${attributeText(value)}`);
      hash.update(`${node.op} ${attrs.sort().join(" ")} (${node.inputs.map(nameOf).join(", ")})
`);
      for (const output of node.outputs) names.set(output, `n${count++}`);
    }
  };
  addNodes(graph.nodes);
  for (const output of outputs) hash.update(`output ${nameOf(output.name)} ${shapeText(output)}\n`);
  return hash.digest("hex");
}

/** The hashes of tensors, which are asked for more than once. */
const hashes = new WeakMap<NumericTensor, string>();

/** The same text for initializers of one SavedModel that hold the same. */
export function initializerText(initializer: Initializer): string {
  if (!("tensor" in initializer)) return `variable ${initializer.name}`;
  const { tensor } = initializer;
  const { dtype, shape } = tensor;
  const hash = hashes.get(tensor) ?? createHash("sha256").update(bytesOf(tensor)).digest("hex");
  hashes.set(tensor, hash);
  return `${dtype}[${shape}] ${hash}`;
}

function attributeText(value: OnnxAttribute): string {
  // What subgraphs hold is written where they stand.
  if (typeof value === "object" && "graph" in value) return "graph";
  if (typeof value === "object" && "tensor" in value)
    return initializerText({ name: "", tensor: value.tensor });
  return JSON.stringify(value, (_, item) => (typeof item === "number" ? numberText(item) : item));
}

/** JSON has neither infinities nor NaN, nor a zero's sign. */
function numberText(value: number): number | string {
  return Number.isFinite(value) && !Object.is(value, -0) ? value : `${Object.is(value, -0) ? "-0" : value}`;
}
