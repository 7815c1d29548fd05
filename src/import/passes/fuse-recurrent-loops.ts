import { create } from "@bufbuild/protobuf";
import { type AttrValue, AttrValueSchema } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { type Feed, formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { ARRANGED_WEIGHT, RECURRENT_LAYER, VARIABLE_VALUE } from "../own-ops.ts";
import {
  type Arranged,
  biases,
  inputWeights,
  peepholeWeights,
  recurrentWeights,
} from "../recurrent/arrangement.ts";
import { follow, isZeros, type Scope } from "../recurrent/constants.ts";
import { type RecurrentLayer, recurrentLayerOf } from "../recurrent/layer.ts";
import { reservedList, stackingOf, statedShape } from "../recurrent/lists.ts";
import { type Functions, timeLoopOf } from "../recurrent/loop.ts";
import { isBound } from "../recurrent/masking.ts";
import { type LayerInput, LayerOutput, type LayerSpec } from "../recurrent/nodes.ts";
import { TensorTypes } from "../tensor-types.ts";
import { typeAttribute } from "./function-writer.ts";
import { hasEffect, prune } from "./prune.ts";

/** A graph and what is asked of it. */
export interface Asked {
  readonly graph: Graph;
  readonly feeds: readonly Feed[];
  readonly outputs: readonly Ref[];
}

/**
 * Turns each While that steps through time as an LSTM, a GRU or a simple recurrent layer does into a
 * {@link RECURRENT_LAYER} node, and the lists around it into tensors. A loop of which it can't be told stays.
 */
export function fuseRecurrentLoops(asked: Asked, functions: Functions): Asked {
  let current = asked;
  for (const node of asked.graph.nodes.values()) {
    if (node.op === "While" || node.op === "StatelessWhile") current = fuse(current, node.name, functions);
  }
  return current;
}

function fuse(asked: Asked, name: string, functions: Functions): Asked {
  const { graph, feeds, outputs } = asked;
  const node = graph.nodes.get(name)!;
  const fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
  const scope = { graph, feeds, fed, outputs, types: new TensorTypes(graph, feeds) };
  const loop = timeLoopOf(scope, node, functions);
  const layer = loop && recurrentLayerOf(scope, loop);
  if (layer === undefined) return asked;
  const layerName = `${name}/layer`;
  const uses = replacements(scope, node, layer, layerName, outputs);
  if (uses === undefined) return asked;
  const wanted = outputs.map((ref) => uses.replaced.get(formatRef(ref)) ?? ref);
  const made = [...layerNodes(scope, layer, layerName, { ...uses, controls: node.controls })];
  const kept = [...graph.nodes.values()].filter((other) => other !== node);
  const rewired = kept.map((other) => ({
    ...other,
    inputs: other.inputs.map((ref) => uses.replaced.get(formatRef(ref)) ?? ref),
    controls: other.controls.map((control) => (control === name ? layerName : control)),
  }));
  const effects = kept.filter(hasEffect).map((other) => other.name);
  return { graph: prune(graphOf([...made, ...rewired]), wanted, fed, effects), feeds, outputs: wanted };
}

interface Replacements {
  /** What stands for a tensor that the loop made. */
  readonly replaced: ReadonlyMap<string, Ref>;
  readonly failsEmpty: boolean;
}

/** Undefined if something reads of the loop what a layer doesn't give. */
function replacements(
  scope: Scope,
  loop: GraphNode,
  layer: RecurrentLayer,
  layerName: string,
  outputs: readonly Ref[],
): Replacements | undefined {
  const replaced = new Map<string, Ref>();
  const state = (argument: number | undefined, index: number): void => {
    if (argument !== undefined)
      replaced.set(formatRef({ node: loop.name, index: argument }), { node: layerName, index });
  };
  state(layer.h.argument, LayerOutput.h);
  state(layer.c?.argument, LayerOutput.c);
  const passing = new Set(["Identity", "IdentityN", "StopGradient", "PreventGradient", "Snapshot"]);
  let failsEmpty = false;
  for (const reader of scope.graph.nodes.values()) {
    if (passing.has(reader.op)) continue;
    for (const [position, input] of reader.inputs.entries()) {
      const from = follow(scope, input);
      if (from.node !== loop.name || replaced.has(formatRef(from))) continue;
      if (position !== 0 || from.index !== layer.output?.list.argument) return undefined;
      const stacking = stackingOf(scope, reader);
      const { list } = layer.output;
      if (stacking === undefined || !takesAll(scope, layer, stacking.count)) return undefined;
      replaced.set(formatRef({ node: reader.name, index: 0 }), {
        node: layerName,
        index: list.at === "step" ? LayerOutput.all : LayerOutput.last,
      });
      const shapes = [stacking.elementShape, reservedList(scope, list.initial)!.elementShape];
      failsEmpty ||= !shapes.some((ref) => statedShape(scope, ref)?.every((dim) => dim >= 0));
    }
  }
  const unknown = (ref: Ref): boolean => {
    const from = follow(scope, ref);
    return from.node === loop.name && !replaced.has(formatRef(from));
  };
  return outputs.some(unknown) ? undefined : { replaced, failsEmpty };
}

function takesAll(scope: Scope, { bounds, output }: RecurrentLayer, count: Ref | undefined): boolean {
  if (count === undefined) return true;
  return output!.list.at === "step" && bounds.some((bound) => isBound(scope, count, bound));
}

function* layerNodes(
  scope: Scope,
  layer: RecurrentLayer,
  name: string,
  { failsEmpty, controls }: { readonly failsEmpty: boolean; readonly controls: readonly string[] },
): Generator<GraphNode> {
  const { cell, bounds, masking, h, c, output } = layer;
  const inputs: { readonly role: LayerInput; readonly ref: Ref }[] = [{ role: "x", ref: layer.x }];
  const weights = {
    w: inputWeights(cell),
    r: recurrentWeights(cell),
    bias: biases(cell),
    peepholes: peepholeWeights(cell),
  };
  for (const [role, arranged] of Object.entries(weights)) {
    if (arranged === undefined) continue;
    const weight = { node: `${name}/${role}`, index: 0 };
    yield* arranged.sources.filter((source) => !scope.graph.nodes.has(source.name));
    yield weightNode(weight.node, arranged);
    inputs.push({ role: role as LayerInput, ref: weight });
  }
  const given = (role: LayerInput, ref: Ref | undefined): void => {
    if (ref !== undefined && !isZeros(scope, ref)) inputs.push({ role, ref });
  };
  given("h", h.initial);
  given("c", c?.initial);
  given("before", output?.before);
  if (masking !== undefined) inputs.push({ role: masking.kind, ref: masking.ref });
  for (const bound of bounds) if (typeof bound !== "number") inputs.push({ role: "bound", ref: bound });
  const spec: LayerSpec = {
    op: cell.op,
    units: cell.units,
    activations: cell.activations,
    resetAfter: cell.resetAfter,
    masked: output?.masked ?? "zeros",
    bounds: bounds.filter((bound) => typeof bound === "number"),
    failsEmpty,
    inputs: inputs.map(({ role }) => role),
  };
  yield {
    name,
    op: RECURRENT_LAYER,
    inputs: inputs.map(({ ref }) => ref),
    controls,
    attrs: {
      layer: textAttribute(JSON.stringify(spec)),
      N: countAttribute(inputs.length),
      dtype: typeAttribute("float32"),
    },
  };
}

function weightNode(name: string, { arrangement, sources }: Arranged): GraphNode {
  // Variables are read when the engine asks for them; what tells two weights apart is then which they come from.
  const variables = sources.map((source) =>
    source.op === VARIABLE_VALUE
      ? new Attributes(source.name, source.attrs, undefined).string("variable")
      : undefined,
  );
  const origin = variables.every((variable) => variable !== undefined) ? variables.join(" ") : "";
  return {
    name,
    op: ARRANGED_WEIGHT,
    inputs: sources.map((source): Ref => ({ node: source.name, index: 0 })),
    controls: [],
    attrs: {
      arrangement: textAttribute(JSON.stringify(arrangement)),
      variables: textAttribute(origin),
      N: countAttribute(sources.length),
      dtype: typeAttribute("float32"),
    },
  };
}

function countAttribute(count: number): AttrValue {
  return create(AttrValueSchema, { value: { case: "i", value: BigInt(count) } });
}

function textAttribute(text: string): AttrValue {
  return create(AttrValueSchema, { value: { case: "s", value: new TextEncoder().encode(text) } });
}
