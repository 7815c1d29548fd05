import type { AttrValue } from "../../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { FunctionDef } from "../../proto/gen/tensorflow/core/framework/function_pb.ts";
import { Attributes } from "../../registry/attributes.ts";
import { opDefinition, outputPosition } from "../../registry/op-registry.ts";
import { internal, invalidArgument } from "../../status/status.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "../graph.ts";
import { implementationChooser } from "./choose-implementation.ts";

export type FunctionLibrary = ReadonlyMap<string, FunctionDef>;

/** Deeper than any exporter nests; what goes beyond calls itself. */
const MAX_DEPTH = 200;

/** BatchFunction gathers the requests of several clients, which changes no answer; so does the server itself. */
const CALLS = new Set(["PartitionedCall", "StatefulPartitionedCall", "RemoteCall", "BatchFunction"]);

export interface Inlined {
  readonly graph: Graph;
  /** What a tensor of the graph before, perhaps a call's output, is now. */
  readonly resolve: (ref: Ref) => Ref;
  /** The nodes that must have run for a node of the graph before, perhaps a call, to count as run. */
  readonly completed: (name: string) => readonly string[];
  /** The nodes that calls run although nothing may read them: the functions' control outputs. */
  readonly effects: readonly string[];
}

/**
 * Replaces every function call by the function's nodes, named `call/node`. Functions that control flow ops hold as
 * attributes stay where they are.
 * @throws StatusError INVALID_ARGUMENT for a call of an unknown function or a function that calls itself.
 */
export function inlineFunctions(graph: Graph, library: FunctionLibrary): Inlined {
  const expansion = new Expansion(library);
  for (const node of graph.nodes.values()) expansion.add(node, 0);
  return {
    graph: expansion.finish(),
    resolve: (ref) => expansion.follow(ref),
    completed: (name) => expansion.completed(name),
    effects: expansion.effects,
  };
}

class Expansion {
  readonly #library: FunctionLibrary;
  readonly #nodes: GraphNode[] = [];
  /** What an output of a call, e.g. `call:0`, stands for. */
  readonly #outputs = new Map<string, Ref>();
  /** The nodes that must have run for a call to count as run. */
  readonly #completions = new Map<string, readonly string[]>();
  readonly effects: string[] = [];

  readonly #chosen: (called: FunctionDef) => FunctionDef;

  constructor(library: FunctionLibrary) {
    this.#library = library;
    this.#chosen = implementationChooser(library);
  }

  add(node: GraphNode, depth: number): void {
    const called = calledFunction(node, this.#library);
    if (called === undefined) {
      this.#nodes.push(node);
      return;
    }
    const body = this.#library.get(called);
    if (body === undefined)
      throw invalidArgument(`Node ${node.name} calls the function ${called}, which the model lacks`);
    if (depth > MAX_DEPTH) throw invalidArgument(`The function ${called} calls itself without end`);
    // The first input of a RemoteCall names a device.
    const call = node.op === "RemoteCall" ? { ...node, inputs: node.inputs.slice(1) } : node;
    this.#expand(call, this.#chosen(body), depth);
  }

  #expand(call: GraphNode, body: FunctionDef, depth: number): void {
    const scope = new FunctionScope(call, body, this.#library);
    for (const node of scope.nodes()) this.add(node, depth + 1);
    const results = body.signature?.outputArg ?? [];
    // An argument with a number or list attribute stands for several outputs; traced functions have none.
    for (const [i, arg] of results.entries()) {
      this.#outputs.set(formatRef({ node: call.name, index: i }), scope.resolve(body.ret[arg.name]!));
    }
    const controls = Object.values(body.controlRet).map((name) => `${call.name}/${name}`);
    this.effects.push(...controls);
    this.#completions.set(call.name, [
      ...controls,
      ...results.map((arg) => scope.resolve(body.ret[arg.name]!).node),
    ]);
  }

  finish(): Graph {
    return graphOf(
      this.#nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map((ref) => this.follow(ref)),
        controls: [...new Set(node.controls.flatMap((name) => this.completed(name)))],
      })),
    );
  }

  /** Where a reference to a call's output really points to. */
  follow(ref: Ref): Ref {
    let at = ref;
    for (
      let next = this.#outputs.get(formatRef(at));
      next !== undefined;
      next = this.#outputs.get(formatRef(at))
    ) {
      at = next;
    }
    return at;
  }

  completed(name: string): readonly string[] {
    const inside = this.#completions.get(name);
    return inside === undefined ? [name] : inside.flatMap((inner) => this.completed(inner));
  }
}

function calledFunction(node: GraphNode, library: FunctionLibrary): string | undefined {
  if (CALLS.has(node.op)) return new Attributes(node.name, node.attrs, undefined).func("f");
  return library.has(node.op) ? node.op : undefined;
}

/** Translates names inside of one function's body to names of the graph that it is inlined into. */
class FunctionScope {
  readonly #call: GraphNode;
  readonly #body: FunctionDef;
  readonly #library: FunctionLibrary;
  readonly #arguments: ReadonlyMap<string, Ref>;
  readonly #defs;

  constructor(call: GraphNode, body: FunctionDef, library: FunctionLibrary) {
    this.#call = call;
    this.#body = body;
    this.#library = library;
    const names = (body.signature?.inputArg ?? []).map((arg) => arg.name);
    if (call.inputs.length !== names.length) {
      throw invalidArgument(
        `Node ${call.name} passes ${call.inputs.length} inputs to the function ${body.signature?.name}, ` +
          `which takes ${names.length}`,
      );
    }
    this.#arguments = new Map(names.map((name, i) => [name, call.inputs[i]!]));
    this.#defs = new Map(body.nodeDef.map((def) => [def.name, def]));
  }

  nodes(): GraphNode[] {
    return this.#body.nodeDef.map((def) => {
      const inputs = def.input.filter((input) => !input.startsWith("^")).map((input) => this.resolve(input));
      const controls = def.input
        .filter((input) => input.startsWith("^") && !this.#arguments.has(input.slice(1)))
        .map((input) => `${this.#call.name}/${input.slice(1)}`);
      return {
        name: `${this.#call.name}/${def.name}`,
        op: def.op,
        inputs,
        controls: [...controls, ...this.#call.controls],
        attrs: this.#bind(def.attr),
        origin: { function: this.#body.signature?.name ?? "", node: def.name },
      };
    });
  }

  /** `argument`, `argument:0` or `node:output:index` of a function body. */
  resolve(text: string): Ref {
    const [name, output, index] = text.split(":") as [string, string | undefined, string | undefined];
    const argument = this.#arguments.get(name);
    if (argument !== undefined) return argument;
    const def = this.#defs.get(name);
    if (def === undefined) {
      throw invalidArgument(`The function ${this.#body.signature?.name} refers to ${text}, which it lacks`);
    }
    const node = `${this.#call.name}/${name}`;
    if (output === undefined) return { node, index: 0 };
    if (index === undefined) return { node, index: Number(output) };
    return { node, index: this.#position(def.op, def.attr, node, output) + Number(index) };
  }

  #position(op: string, attrs: Readonly<Record<string, AttrValue>>, node: string, output: string): number {
    const called = this.#library.get(op);
    if (called !== undefined)
      return (called.signature?.outputArg ?? []).findIndex((arg) => arg.name === output);
    const definition = opDefinition(op);
    // An op that nobody knows is reported as not covered later on; its outputs' order doesn't matter then.
    if (definition === undefined) return 0;
    const position = outputPosition(definition, output, new Attributes(node, this.#bind(attrs), definition));
    if (position < 0) throw internal(`${op} has no output called ${output}`);
    return position;
  }

  /** Attributes that the body leaves to its caller. */
  #bind(attrs: Readonly<Record<string, AttrValue>>): Readonly<Record<string, AttrValue>> {
    if (!Object.values(attrs).some((attr) => attr.value.case === "placeholder")) return attrs;
    return Object.fromEntries(
      Object.entries(attrs).map(([name, attr]) => {
        const bound = attr.value.case === "placeholder" ? this.#call.attrs[attr.value.value] : undefined;
        return [name, bound ?? attr];
      }),
    );
  }
}
