import { createHash } from "node:crypto";
import type { Initializer, OnnxGraph, Variable } from "./builder.ts";
import { ChannelVectors } from "./channel-vectors.ts";
import { type FilterFolding, foldedReader } from "./folded-filter.ts";
import { keepLive } from "./live-nodes.ts";
import { initializerText } from "./model-identity.ts";
import { isNumber, type OnnxNode, subgraphsOf, type Value } from "./value.ts";

/**
 * Makes normalization with learned statistics part of the convolution before it, whose filter each channel's factor goes
 * into, and whose bias the rest. ONNX Runtime would do the same whenever a session is created, copying all weights several
 * times: half of what ResNet50's session takes. A convolution whose result is also used otherwise is left as it is.
 */
export function foldNormalizations(graph: OnnxGraph, outputs: readonly Value[]): OnnxGraph {
  if (!graph.nodes.some(({ op }) => op === "BatchNormalization")) return graph;
  const folding = new Folding(graph, outputs);
  const nodes = graph.nodes.map((node) => folding.folded(node) ?? node);
  const needed = new Set(outputs.map(({ name }) => name));
  const live = keepLive(nodes, needed);
  const initializers = [...graph.initializers, ...folding.added];
  return { ...graph, nodes: live, initializers: new Map(initializers.filter(([name]) => needed.has(name))) };
}

/** A filter as the checkpoint or the graph has it, and what ONNX takes. */
interface Filter {
  readonly source: Initializer;
  readonly shape: readonly number[];
  readonly positions: number;
  readonly inputs: number;
}

class Folding {
  readonly added = new Map<string, Initializer>();
  readonly #graph: OnnxGraph;
  readonly #vectors: ChannelVectors;
  readonly #producers: ReadonlyMap<string, OnnxNode>;
  readonly #uses = new Map<string, number>();

  constructor(graph: OnnxGraph, outputs: readonly Value[]) {
    this.#graph = graph;
    this.#vectors = new ChannelVectors(graph);
    this.#producers = new Map(
      graph.nodes.flatMap((node) => node.outputs.map((name) => [name, node] as const)),
    );
    for (const { name } of outputs) this.#use(name);
    this.#countUses(graph.nodes);
  }

  #use(name: string): void {
    this.#uses.set(name, (this.#uses.get(name) ?? 0) + 1);
  }

  #countUses(nodes: readonly OnnxNode[]): void {
    for (const node of nodes) {
      for (const name of node.inputs) this.#use(name);
      for (const [, subgraph] of subgraphsOf(node)) {
        this.#countUses(subgraph.nodes);
        for (const { name } of subgraph.outputs) this.#use(name);
      }
    }
  }

  /** The convolution that takes a normalization's place. */
  folded(node: OnnxNode): OnnxNode | undefined {
    if (node.op !== "BatchNormalization" || node.outputs.length !== 1) return undefined;
    const [x, ...parameters] = node.inputs as [string, string, string, string, string];
    const convolution = this.#convolution(x);
    const filter = convolution && this.#filter(convolution.node);
    if (filter === undefined) return undefined;
    const vectors = parameters.map((name) => this.#vectors.of(name)?.data);
    const channels = filter.shape[0]!;
    if (!vectors.every((vector) => vector?.length === channels)) return undefined;
    const [scale, offset, mean, variance] = vectors as Float64Array[];
    const { float: epsilon } = node.attrs.epsilon as { readonly float: number };
    const factors = scale!.map((value, i) => value / Math.sqrt(variance![i]! + epsilon));
    const bias = this.#bias(convolution!, channels);
    if (bias === undefined) return undefined;
    const sums = bias.map((value, i) => (value - mean![i]!) * factors[i]! + offset![i]!);
    if (![...factors, ...sums].every(isFloat)) return undefined;
    const inputs = [
      convolution!.node.inputs[0]!,
      this.#addFilter(filter, factors),
      this.#addBias(node.name, sums),
    ];
    return { ...convolution!.node, name: node.name, inputs, outputs: node.outputs };
  }

  /** The convolution, without or with a bias added, that nothing else uses. */
  #convolution(name: string): { readonly node: OnnxNode; readonly bias: string | undefined } | undefined {
    const node = this.#soleProducer(name);
    if (node?.op === "Conv") return { node, bias: undefined };
    if (node?.op !== "Add") return undefined;
    const [x, bias] = node.inputs as [string, string];
    const before = this.#soleProducer(x);
    return before?.op === "Conv" ? { node: before, bias } : undefined;
  }

  #soleProducer(name: string): OnnxNode | undefined {
    return this.#uses.get(name) === 1 ? this.#producers.get(name) : undefined;
  }

  #bias({ node, bias }: { node: OnnxNode; bias: string | undefined }, channels: number) {
    if ((node.inputs[2] ?? "") !== "") return undefined;
    if (bias === undefined) return new Float64Array(channels);
    const vector = this.#vectors.of(bias);
    const spatialRank = (node.attrs.kernel_shape as readonly number[]).length;
    const isAlongChannels =
      vector?.shape.at(-1 - spatialRank) === channels && vector.data.length === channels;
    return isAlongChannels ? vector.data : undefined;
  }

  /** What `convolution.ts` makes of a constant filter: transposed, and reshaped before if it is depthwise. */
  #filter({ inputs, attrs }: OnnxNode): Filter | undefined {
    const transpose = this.#producers.get(inputs[1]!);
    const { kernel_shape: kernel } = attrs;
    if (transpose?.op !== "Transpose" || !Array.isArray(kernel)) return undefined;
    const spatial = kernel.map((_, i) => i);
    const perm = [kernel.length + 1, kernel.length, ...spatial];
    if (String(transpose.attrs.perm) !== String(perm)) return undefined;
    let [name] = transpose.inputs as [string];
    const reshape = this.#producers.get(name);
    if (reshape?.op === "Reshape") [name] = reshape.inputs as [string];
    const source = this.#graph.initializers.get(name);
    if (source === undefined) return undefined;
    const { dtype, shape } = "tensor" in source ? source.tensor : source;
    if (dtype !== "float32" || shape.length !== kernel.length + 2 || !shape.every(isNumber)) return undefined;
    const positions = product(kernel);
    // A depthwise filter has all of its channels as results, one input for each.
    const isDepthwise = reshape?.op === "Reshape";
    const results = isDepthwise ? product(shape.slice(-2)) : shape.at(-1)!;
    const channelsIn = isDepthwise ? 1 : shape.at(-2)!;
    if (positions * results * channelsIn !== product(shape)) return undefined;
    return { source, shape: [results, channelsIn, ...kernel], positions, inputs: channelsIn };
  }

  /** Named by what it holds, so that signatures that compute the same are seen to. */
  #addFilter({ source, shape, positions, inputs }: Filter, factors: Float64Array): string {
    const hash = createHash("sha256").update(factors).digest("hex");
    const name = `${initializerText(source)} folded ${hash}`;
    const folding: FilterFolding = { positions, inputs, factors };
    const read = "tensor" in source ? readerOf(source.tensor.data as Float32Array) : source.read;
    const filter: Variable = {
      name,
      dtype: "float32",
      shape,
      read: foldedReader(folding, read),
      ...("stored" in source && source.stored !== undefined && { stored: source.stored, folding }),
    };
    this.added.set(name, filter);
    return name;
  }

  #addBias(scope: string, sums: Float64Array): string {
    const name = `${scope}/bias`;
    this.added.set(name, {
      name,
      tensor: { dtype: "float32", shape: [sums.length], data: Float32Array.from(sums) },
    });
    return name;
  }
}

function isFloat(value: number): boolean {
  return Number.isFinite(Math.fround(value));
}

function product(sizes: readonly number[]): number {
  return sizes.reduce((result, size) => result * size, 1);
}

function readerOf(data: Float32Array): (target: Uint8Array) => void {
  return (target) => target.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}
