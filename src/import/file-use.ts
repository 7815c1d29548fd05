import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import type { Signature } from "../tensor/signature.ts";
import { formatRef, type Graph, type GraphNode, graphNode, graphOf, parseRef, type Ref } from "./graph.ts";
import { type MissingOp, MissingOps } from "./missing-ops.ts";
import { reachable } from "./passes/prune.ts";
import { touchesFiles } from "./touches-files.ts";

/** An op, and the nodes that use it: `function/node` in a function. */
export type UsedOp = MissingOp;

/** Which nodes of a model read or write files. */
export interface FileAccess {
  /** When a signature runs, by the signatures' keys; of those that have such nodes. */
  readonly running: ReadonlyMap<string, readonly UsedOp[]>;
  /** When the model is loaded: beside restoring its variables, and reading its assets. */
  readonly loading: readonly UsedOp[];
}

/** What a graph is initialised with. */
export interface Initialization {
  /** The node that is run once. */
  readonly initOp: string | undefined;
  /** Tensors that then hold the paths of the model's assets, e.g. `Const:0`. */
  readonly assets: readonly { readonly tensor: string }[];
}

/** What may be read: through tensors that hold known paths, by ops with the position of the path among their inputs. */
interface Permission {
  readonly paths: ReadonlySet<string>;
  readonly readers: ReadonlyMap<string, number>;
}

const NOTHING: Permission = { paths: new Set(), readers: new Map() };

const ASSET_READERS = new Map([
  ["InitializeTableFromTextFile", 1],
  ["InitializeTableFromTextFileV2", 1],
  ["ReadFile", 0],
]);
const CHECKPOINT_READERS = new Map([
  ["Restore", 0],
  ["RestoreSlice", 0],
  ["RestoreV2", 0],
]);

/**
 * Finds the nodes that read or write files: in all that TensorFlow would run, in functions too, whether or not the
 * importer covers it.
 */
export function fileAccessOf(
  metaGraph: MetaGraphDef,
  signatures: ReadonlyMap<string, Signature>,
  { initOp, assets }: Initialization,
): FileAccess {
  const search = new FileSearch(metaGraph);
  const running = new Map<string, readonly UsedOp[]>();
  for (const [key, { inputs, outputs }] of signatures) {
    const fed = new Set([...inputs.values()].map(({ tensorName }) => canonical(tensorName)));
    const wanted = [...outputs.values()].map(({ tensorName }) => parseRef(tensorName));
    // Only while a model is initialised does the graph know where its assets are.
    const found = new MissingOps();
    search.from(wanted, fed, NOTHING, found);
    if (!found.isEmpty) running.set(key, found.list());
  }
  const loading = new MissingOps();
  const run = (op: string | undefined, permission: Permission): void => {
    if (op) search.from([parseRef(op)], new Set(), permission, loading);
  };
  const { restoreOpName, filenameTensorName = "" } = metaGraph.saverDef ?? {};
  run(restoreOpName, { paths: new Set([canonical(filenameTensorName)]), readers: CHECKPOINT_READERS });
  run(initOp, { paths: new Set(assets.map(({ tensor }) => canonical(tensor))), readers: ASSET_READERS });
  return { running, loading: loading.list() };
}

/** The name of a tensor with its index: `x:0` for `x`. */
function canonical(tensor: string): string {
  return formatRef(parseRef(tensor));
}

/** The nodes of the main graph or of a function. */
interface Scope {
  /** What the names of its nodes begin with. */
  readonly prefix: string;
  readonly nodes: ReadonlyMap<string, GraphNode>;
  /** As a permission's, of tensors in this scope. */
  readonly paths: ReadonlySet<string>;
}

interface FunctionBody {
  readonly args: readonly string[];
  readonly nodes: ReadonlyMap<string, GraphNode>;
}

class FileSearch {
  readonly #main: Graph;
  readonly #library: ReadonlyMap<string, FunctionBody>;

  constructor({ graphDef }: MetaGraphDef) {
    this.#main = graphOf((graphDef?.node ?? []).map(graphNode));
    this.#library = new Map(
      (graphDef?.library?.function ?? []).map(({ signature, nodeDef }) => [
        signature?.name ?? "",
        {
          args: (signature?.inputArg ?? []).map(({ name }) => name),
          nodes: graphOf(nodeDef.map(graphNode)).nodes,
        },
      ]),
    );
  }

  from(
    wanted: readonly Ref[],
    fed: ReadonlySet<string>,
    { paths, readers }: Permission,
    found: MissingOps,
  ): void {
    const { nodes } = reachable(this.#main, wanted, fed);
    const scopes: Scope[] = [{ prefix: "", nodes, paths: this.#withVariables(paths) }];
    const seen = new Set<string>();
    for (let scope = scopes.pop(); scope !== undefined; scope = scopes.pop()) {
      for (const node of scope.nodes.values()) {
        if (touchesFiles(node) && !isPermitted(node, readers, scope))
          found.add(node.op, scope.prefix + node.name);
        for (const [key, called] of this.#called(node, scope)) {
          if (seen.has(key)) continue;
          seen.add(key);
          scopes.push(called);
        }
      }
    }
  }

  /** Adds what is read of variables that never hold anything but known paths, through which TensorFlow 2 hands assets on. */
  #withVariables(paths: ReadonlySet<string>): ReadonlySet<string> {
    const nodes = [...this.#main.nodes.values()];
    const scope = { prefix: "", nodes: this.#main.nodes, paths };
    const all = new Set(paths);
    const assigned = nodes.filter(
      ({ op, inputs }) => op === "AssignVariableOp" && isKnownPath(inputs[1]!, scope),
    );
    for (const variable of new Set(assigned.map(({ inputs }) => inputs[0]!.node))) {
      const users = nodes.filter(({ inputs }) => inputs.some(({ node }) => node === variable));
      const isSafe = ({ op, inputs }: GraphNode) =>
        READS_VARIABLE.has(op) || (op === "AssignVariableOp" && isKnownPath(inputs[1]!, scope));
      if (!this.#hasOtherHandle(variable) && users.every(isSafe)) {
        for (const { name, op } of users) if (op === "ReadVariableOp") all.add(`${name}:0`);
      }
    }
    return all;
  }

  /** Whether another node may stand for the same variable, or whether this one isn't known to be one. */
  #hasOtherHandle(variable: string): boolean {
    const handles = [
      ...this.#main.nodes.values(),
      ...[...this.#library.values()].flatMap(({ nodes }) => [...nodes.values()]),
    ]
      .filter(({ op }) => op === "VarHandleOp")
      .map((node) => ({ node, shared: sharedName(node) }));
    const own = handles.find(({ node }) => node === this.#main.nodes.get(variable));
    return (
      own === undefined || handles.some(({ node, shared }) => node !== own.node && shared === own.shared)
    );
  }

  /** The functions that a node may run. One that is given the same known paths again needs no other look. */
  *#called(node: GraphNode, scope: Scope): Generator<[key: string, called: Scope]> {
    for (const name of functionsOf(node)) {
      const body = this.#library.get(name);
      if (body === undefined) continue;
      // Ops other than calls hand their functions something else than their inputs.
      const isCall = name === node.op || CALLS.has(node.op);
      const known = body.args.filter((_, i) => {
        const input = isCall ? node.inputs[i] : undefined;
        return input !== undefined && isKnownPath(input, scope);
      });
      const paths = new Set(known.map((arg) => `${arg}:0`));
      yield [JSON.stringify([name, known]), { prefix: `${name}/`, nodes: body.nodes, paths }];
    }
  }
}

const READS_VARIABLE = new Set(["ReadVariableOp", "VarIsInitializedOp"]);

function sharedName({ name, attrs }: GraphNode): string {
  const value = attrs.shared_name?.value;
  return value?.case === "s" && value.value.length > 0 ? textOf(value.value) : name;
}

const CALLS = new Set(["PartitionedCall", "StatefulPartitionedCall"]);

function functionsOf({ op, attrs }: GraphNode): string[] {
  const names = [op];
  for (const { value } of Object.values(attrs)) {
    if (value.case === "func") names.push(value.value.name);
    else if (value.case === "list") names.push(...value.value.func.map(({ name }) => name));
  }
  return names;
}

function textOf(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

function isPermitted(node: GraphNode, readers: Permission["readers"], scope: Scope): boolean {
  const position = readers.get(node.op);
  const path = position === undefined ? undefined : node.inputs[position];
  return path !== undefined && isKnownPath(path, scope);
}

/** Ops that make of a path, their first input, another that leads to the same files. */
const HANDING_ON = new Set(["Identity", "ShardedFilename", "ShardedFilespec"]);

function isKnownPath(ref: Ref, { nodes, paths }: Scope): boolean {
  const seen = new Set<string>();
  for (let at: Ref | undefined = ref; at !== undefined && !seen.has(formatRef(at)); ) {
    if (paths.has(formatRef(at))) return true;
    seen.add(formatRef(at));
    // In functions, tensors are named `node:output:index`.
    const source: GraphNode | undefined = nodes.get(at.node) ?? nodes.get(at.node.split(":")[0]!);
    at = source !== undefined && HANDING_ON.has(source.op) ? source.inputs[0] : undefined;
  }
  return false;
}
