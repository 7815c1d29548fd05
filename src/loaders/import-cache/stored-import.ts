import { DefaultDeserializer, deserialize, serialize } from "node:v8";
import type { OperatorThreads, Weight } from "../../engines/engine.ts";
import { weightBytes } from "../../engines/weight.ts";
import type { BundleIndex } from "../../formats/saved-model/bundle-index.ts";
import type { TensorBundle } from "../../formats/saved-model/stored-bundle.ts";
import type { BundleRef } from "../../formats/saved-model/variable-keys.ts";
import { type LookupTableData, sharedTable } from "../../host/tables/lookup-table.ts";
import { foldedReader } from "../../import/onnx/folded-filter.ts";
import type { CompiledWeight } from "../../import/program.ts";
import { createLockMemory } from "../../state/lock.ts";
import { dataLoss } from "../../status/status.ts";
import type { CompiledVersion, VersionSession } from "../compiled-version.ts";
import type { StateMemory } from "../servable-state.ts";

/** A compiled version as it was stored. */
export interface StoredImport {
  /** Where the variables that it needs lie; undefined if it needs none. */
  readonly index: BundleIndex | undefined;
  /** @param variables as `index` says. Weights may be read until it is closed. */
  readonly version: (variables: TensorBundle | undefined) => CompiledVersion;
}

/** What request workers get. */
type Plan = Omit<CompiledVersion, "sessions" | "state"> & {
  readonly tables: ReadonlyMap<string, LookupTableData>;
  readonly randomStreams: readonly string[];
};

/** What only the loader thread needs. */
interface Models {
  readonly index: BundleIndex | undefined;
  readonly sessions: readonly StoredSession[];
}

type StoredSession = Omit<VersionSession, "model"> & {
  readonly model: Omit<VersionSession["model"], "weights"> & { readonly weights: readonly StoredWeight[] };
};

/** A weight's elements, or where they lie in the checkpoint and what is made of them. */
type StoredWeight = Omit<Weight, "read"> &
  ((Pick<CompiledWeight, "folding"> & { readonly stored: BundleRef }) | { readonly bytes: Uint8Array });

/** Bytes of weights that aren't in a checkpoint, at most: what is put together, or is in the graph itself. */
const MOST_WEIGHT_BYTES = 1 << 28;

/**
 * A compiled version as bytes, without what lies in the checkpoint; undefined for one that can't be had from bytes: one with
 * variables or tables that requests change, and one with too many weights of its own. Reads weights.
 * @param variables what the weights come from.
 */
export function encodeImport(
  version: CompiledVersion,
  threads: readonly OperatorThreads[],
  variables: TensorBundle | undefined,
): Uint8Array | undefined {
  const { sessions, state, ...served } = version;
  if (state.mutableTables.size + state.variables.size > 0) return undefined;
  const weights = sessions.flatMap(({ model }) => model.weights);
  const own = weights.filter(({ stored }) => stored === undefined);
  if (own.reduce((sum, weight) => sum + weightBytes(weight), 0) > MOST_WEIGHT_BYTES) return undefined;
  const plan: Plan = { ...served, tables: state.tables, randomStreams: [...state.randomStreams.keys()] };
  const models: Models = {
    index: variables && neededIndex(variables.index, weights),
    sessions: sessions.map(({ identity, isUnbounded, model }, i) => ({
      identity,
      isUnbounded,
      threads: threads[i]!,
      model: { ...model, weights: model.weights.map(storedWeight) },
    })),
  };
  const [head, body] = [serialize(plan), serialize(models)];
  const length = Buffer.alloc(LENGTH_BYTES);
  length.writeUInt32LE(head.length);
  return Buffer.concat([length, head, body]);
}

/** @throws whatever comes of bytes that `encodeImport` of this version of ours hasn't made. */
export function decodeImport(bytes: Buffer): StoredImport {
  const split = LENGTH_BYTES + bytes.readUInt32LE(0);
  const { tables, randomStreams, ...served } = new OwningDeserializer(
    bytes.subarray(LENGTH_BYTES, split),
  ).value() as Plan;
  const { index, sessions } = deserialize(bytes.subarray(split)) as Models;
  return {
    index,
    version: (variables) => ({
      ...served,
      state: stateOf(tables, randomStreams),
      sessions: sessions.map((session) => {
        const weights = session.model.weights.map((weight) => readableWeight(weight, variables));
        return { ...session, model: { ...session.model, weights } };
      }),
    }),
  };
}

const LENGTH_BYTES = 4;

/** Its arrays have memory of their own: one that lies in all of the bytes would take all of them to another thread. */
class OwningDeserializer extends DefaultDeserializer {
  value(): unknown {
    this.readHeader();
    return this.readValue();
  }

  _readHostObject(): unknown {
    // @ts-expect-error Node's types lack this documented method.
    const view = super._readHostObject() as Uint8Array;
    return Buffer.isBuffer(view) ? Uint8Array.from(view) : view.slice();
  }
}

function storedWeight({ read, ...weight }: CompiledWeight): StoredWeight {
  const { stored, ...facts } = weight;
  if (stored !== undefined) return { ...facts, stored };
  const bytes = new Uint8Array(weightBytes({ ...facts, read }));
  read(bytes);
  return { ...facts, bytes };
}

function readableWeight(weight: StoredWeight, variables: TensorBundle | undefined): CompiledWeight {
  if ("bytes" in weight) {
    const { bytes, ...facts } = weight;
    return { ...facts, read: (target) => target.set(bytes) };
  }
  const { stored, folding } = weight;
  if (variables === undefined) throw dataLoss(`there is no checkpoint that has ${stored.key}`);
  const read = (target: Uint8Array) => variables.readInto(stored.key, target, stored.slice);
  return { ...weight, read: folding === undefined ? read : foldedReader(folding, read) };
}

/** A checkpoint also has what was only needed for training. */
function neededIndex({ shardCount, tensors }: BundleIndex, weights: readonly CompiledWeight[]): BundleIndex {
  const needed = new Set(weights.map(({ stored }) => stored?.key));
  return { shardCount, tensors: new Map([...tensors].filter(([key]) => needed.has(key))) };
}

function stateOf(
  tables: ReadonlyMap<string, LookupTableData>,
  randomStreams: readonly string[],
): StateMemory {
  return {
    lock: createLockMemory(),
    tables: new Map([...tables].map(([name, table]) => [name, sharedTable(table)])),
    mutableTables: new Map(),
    variables: new Map(),
    randomStreams: new Map(randomStreams.map((name) => [name, new BigInt64Array(new SharedArrayBuffer(8))])),
  };
}
