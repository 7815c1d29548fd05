import { castNumbers } from "../host/arrays/numbers.ts";
import { hostOps } from "../host/table.ts";
import { readTextFile } from "../host/tables/text-file.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import { failedPrecondition, unimplemented } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { tensorFromProto } from "../tensor/tensor-proto.ts";
import { formatRef, type Graph, type GraphNode, graphOf, type Ref } from "./graph.ts";
import { assignsVariable } from "./passes/variable-updates.ts";
import type { GraphPreparer } from "./prepared-graph.ts";
import { isReferenceVariable, isResource } from "./resources.ts";

/** Where state gets its values from besides the graph. */
export interface StateSources {
  /** The node that initialises everything, if the model has one. */
  readonly initOp: string | undefined;
  /** The paths of files, by the tensors that hold them, e.g. `Const:0`. */
  readonly assets: ReadonlyMap<string, string>;
  /** @throws StatusError NOT_FOUND and others that name the path. */
  readonly readFile: (path: string) => Uint8Array;
  /** Keys and values of a table that the checkpoint holds, by its node. */
  readonly restored: (node: string) => readonly [Tensor, Tensor] | undefined;
  /** A variable's value in the checkpoint, by its node. */
  readonly variable: (node: string) => Tensor | undefined;
}

const FROM_TENSORS = new Set([
  "InitializeTable",
  "InitializeTableV2",
  "LookupTableImport",
  "LookupTableImportV2",
]);
const FROM_FILE = new Set(["InitializeTableFromTextFile", "InitializeTableFromTextFileV2"]);

/**
 * Finds out what tables and variables hold once the model is initialised, by following the init op instead of running it.
 */
export class InitialState {
  readonly #preparer: GraphPreparer;
  readonly #sources: StateSources;
  readonly #init: Graph;

  constructor(preparer: GraphPreparer, sources: StateSources) {
    this.#preparer = preparer;
    this.#sources = sources;
    this.#init = sources.initOp === undefined ? graphOf([]) : preparer.effectsOf(sources.initOp);
  }

  /**
   * The keys and values of a table, or undefined if nothing fills it.
   * @param table the table's node.
   * @throws StatusError UNIMPLEMENTED if they are computed by ops that can't be followed.
   */
  tableContents(table: GraphNode): readonly [keys: Tensor, values: Tensor] | undefined {
    const restored = this.#sources.restored(table.name);
    if (restored !== undefined) return restored;
    for (const node of this.#init.nodes.values()) {
      const fills = FROM_TENSORS.has(node.op) || FROM_FILE.has(node.op);
      if (!fills || this.#handle(node.inputs[0]!)?.name !== table.name) continue;
      if (FROM_TENSORS.has(node.op))
        return [this.#evaluate(node.inputs[1]!), this.#evaluate(node.inputs[2]!)];
      return this.#readFile(node, table);
    }
    return undefined;
  }

  /**
   * The value of a variable, or undefined if it has none until a request gives it one.
   * @param variable the variable's node.
   * @throws as `tableContents`.
   */
  variable(variable: string): Tensor | undefined {
    return this.assigned(variable) ?? this.#sources.variable(variable);
  }

  /** The value that the init op gives a variable, if it does. */
  assigned(variable: string): Tensor | undefined {
    for (const node of this.#init.nodes.values()) {
      if (assignsVariable(node.op) && this.#handle(node.inputs[0]!)?.name === variable) {
        return this.#evaluate(node.inputs[1]!);
      }
    }
    return undefined;
  }

  /** The values of what a node of the main graph is made from, such as the keys that a dense table keeps for itself. */
  inputsOf({ name, inputs }: GraphNode): readonly Tensor[] {
    const graph = this.#preparer.effectsOf(name);
    return inputs.map((ref) => this.#evaluate(ref, graph));
  }

  #readFile(node: GraphNode, table: GraphNode): [Tensor, Tensor] {
    const path = Buffer.from(this.#evaluate(node.inputs[1]!).data[0] as Uint8Array).toString();
    const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
    const types = new Attributes(table.name, table.attrs, opDefinition(table.op));
    return readTextFile(path, this.#sources.readFile(path), {
      keyIndex: attrs.int("key_index"),
      valueIndex: attrs.int("value_index"),
      keyDtype: types.dtype("key_dtype"),
      valueDtype: types.dtype("value_dtype"),
      vocabularySize: attrs.int("vocab_size"),
      delimiter: attrs.string("delimiter"),
      offset: attrs.int("offset"),
    });
  }

  #handle(ref: Ref): GraphNode | undefined {
    const node = this.#init.nodes.get(ref.node);
    if (node === undefined || isResource(node.op) || isReferenceVariable(node.op)) return node;
    return node.op === "Identity" ? this.#handle(node.inputs[0]!) : undefined;
  }

  #evaluate(ref: Ref, graph = this.#init): Tensor {
    const asset = this.#sources.assets.get(formatRef(ref));
    if (asset !== undefined) return { dtype: "string", shape: [], data: [Buffer.from(asset)] };
    const node = graph.nodes.get(ref.node)!;
    const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
    if (node.op === "Const") return tensorFromProto(attrs.tensor("value"));
    if (node.op === "ReadVariableOp" || isReferenceVariable(node.op)) return this.#read(ref);
    if (node.op === "Cast") return castNumbers(this.#evaluate(node.inputs[0]!, graph), attrs.dtype("DstT"));
    const host = hostOps[node.op];
    if (host === undefined) {
      throw unimplemented(
        `A table or a variable starts with what ${node.op} (node ${node.name}) computes, which can't be followed`,
      );
    }
    return host.compile(attrs)(node.inputs.map((input) => this.#evaluate(input, graph)))[ref.index]!;
  }

  #read(ref: Ref): Tensor {
    const node = this.#init.nodes.get(ref.node)!;
    const variable = this.#handle(node.op === "ReadVariableOp" ? node.inputs[0]! : ref);
    const value = variable && this.variable(variable.name);
    if (value === undefined)
      throw failedPrecondition(`The variable ${variable?.name} has no value to start others with`);
    return value;
  }
}
