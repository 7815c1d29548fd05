import type { SavedModelBundle } from "../formats/saved-model/saved-model.ts";
import type { BundleRef } from "../formats/saved-model/variable-keys.ts";
import { localPath, readWhole } from "../host/files/local-files.ts";
import { buildLookupTable, type LookupTableData } from "../host/tables/lookup-table.ts";
import { createMutableTable, type MutableTableMemory } from "../host/tables/mutable-table.ts";
import type { CompiledSignature } from "../import/compile.ts";
import type { GraphNode } from "../import/graph.ts";
import type { InitialState } from "../import/initial-state.ts";
import type { GraphPreparer } from "../import/prepared-graph.ts";
import type { Program } from "../import/program.ts";
import { isDenseTable, tableForm } from "../import/table-form.ts";
import type { Variables } from "../import/translate.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import { createLockMemory } from "../state/lock.ts";
import { createVariable, type VariableMemory } from "../state/variable.ts";
import { failedPrecondition, notFound } from "../status/status.ts";
import type { Storage } from "../storage/storage.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { elementCount } from "../tensor/shape.ts";
import { bytesOf, type NumericTensor, type Tensor } from "../tensor/tensor.ts";
import { type StateMemory, stepsWithin } from "./servable-state.ts";
import { variableReader } from "./variable-reader.ts";

/** Makes the tables and variables that a model's programs use, filled as TensorFlow fills them when it loads the model. */
export async function loadState(
  model: SavedModelBundle,
  preparer: GraphPreparer,
  signatures: readonly CompiledSignature[],
  storage: Storage,
): Promise<StateMemory> {
  const lock = createLockMemory();
  const nodes = new Map(signatures.flatMap((signature) => [...signature.tables]));
  const forms = new Map(signatures.flatMap((signature) => [...signature.mutableVariables]));
  const tables = new Map<string, LookupTableData>();
  const mutableTables = new Map<string, MutableTableMemory>();
  const variables = new Map<string, VariableMemory>();
  if (nodes.size + forms.size > 0) {
    const initial = await initialState(model, preparer, storage);
    for (const [name, node] of nodes) {
      if (preparer.state.tables.has(name)) mutableTables.set(name, mutableTable(node, initial));
      else tables.set(name, frozenTable(node, initial));
    }
    for (const [name, { dtype, shape }] of forms) {
      variables.set(name, createVariable(name, dtype, shape, initial.variable(name)));
    }
  }
  const randomStreams = randomStreamsOf(signatures.map(({ program }) => program));
  return { lock, tables, mutableTables, variables, randomStreams };
}

function frozenTable(node: GraphNode, initial: InitialState): LookupTableData {
  const contents = initial.tableContents(node);
  if (contents === undefined) {
    throw failedPrecondition(`Table not initialized: nothing in the model fills the table ${node.name}`);
  }
  return buildLookupTable(...contents);
}

function mutableTable(node: GraphNode, initial: InitialState): MutableTableMemory {
  const attrs = new Attributes(node.name, node.attrs, opDefinition(node.op));
  const [emptyKey, deletedKey] = isDenseTable(node) ? initial.inputsOf(node) : [];
  const reserved = new Map<string, Tensor>();
  if (emptyKey !== undefined) reserved.set("empty_key", emptyKey);
  if (deletedKey !== undefined) reserved.set("deleted_key", deletedKey);
  const form = {
    keyDtype: attrs.dtype("key_dtype"),
    keyShape: emptyKey?.shape ?? [],
    valueDtype: attrs.dtype("value_dtype"),
    valueShape: tableForm(node, emptyKey?.shape).valueShape ?? [],
    reserved,
  };
  return createMutableTable(form, initial.tableContents(node));
}

/** A counter for each random op that has seeds: threads draw from one stream, as TensorFlow's do from a session's. */
function randomStreamsOf(programs: readonly Program[]): StateMemory["randomStreams"] {
  const streams = new Map<string, BigInt64Array<SharedArrayBuffer>>();
  for (const step of programs.flatMap(stepsWithin)) {
    if (step.kind !== "host" || step.attrs.seed === undefined || !opDefinition(step.op)?.stateful) continue;
    streams.set(step.name, new BigInt64Array(new SharedArrayBuffer(8)));
  }
  return streams;
}

/**
 * Finds variables as they are once the model is initialised. What it returns may be read until the model is closed. As it
 * takes time to follow the init op, that is done only for models whose init op assigns anything.
 */
export async function initialVariables(
  model: SavedModelBundle,
  preparer: GraphPreparer,
  storage: Storage,
): Promise<Variables> {
  const restored = variableReader(model);
  if (model.initOp === undefined || !preparer.assigns(model.initOp)) return restored;
  const initial = await initialState(model, preparer, storage);
  return (node) => {
    const value = initial.assigned(node);
    if (value === undefined) return restored(node);
    const { dtype, shape } = value;
    if (dtype === "string") return { dtype, shape, strings: () => value.data };
    return { dtype, shape, read: (target) => target.set(bytesOf(value)) };
  };
}

async function initialState(
  model: SavedModelBundle,
  preparer: GraphPreparer,
  storage: Storage,
): Promise<InitialState> {
  const files = new Map<string, Uint8Array>();
  for (const { path } of model.assets) files.set(path, await storage.readFile(path));
  // It brings all kernels with it.
  const { InitialState } = await import("../import/initial-state.ts");
  return new InitialState(preparer, {
    initOp: model.initOp,
    assets: new Map(model.assets.map(({ tensor, path }) => [tensor, path])),
    // Models that read others are refused before, unless they may.
    readFile: (path) => files.get(path) ?? readWhole(localPath(Buffer.from(path))),
    restored: (node) => {
      const refs = model.restored.tables.get(node);
      return refs && [readTensor(model, refs.keys), readTensor(model, refs.values)];
    },
    variable: (node) => {
      const ref = model.restored.variables.get(node);
      return ref && readTensor(model, ref);
    },
  });
}

function readTensor({ variables, directory }: SavedModelBundle, { key, slice }: BundleRef): Tensor {
  const entry = variables?.entry(key);
  if (variables === undefined || entry === undefined)
    throw notFound(`The checkpoint of ${directory} lacks ${key}`);
  const shape = slice?.length ?? entry.shape;
  if (entry.dtype === "string") return { dtype: "string", shape, data: variables.readStrings(key, slice) };
  const { array, lanes } = dtypeInfo(entry.dtype);
  const tensor = {
    dtype: entry.dtype,
    shape,
    data: new array!(elementCount(shape) * lanes),
  } as NumericTensor;
  variables.readInto(key, bytesOf(tensor), slice);
  return tensor;
}
