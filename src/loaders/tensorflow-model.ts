import type { SessionTensor } from "../engines/engine.ts";
import type { TensorFlowEngine } from "../engines/tensorflow/engine.ts";
import type { SavedModelSource } from "../engines/tensorflow/saved-model.ts";
import { changesState } from "../import/mutable-state.ts";
import { OpReach, type ReachedOps } from "../import/reached-ops.ts";
import { touchesFiles } from "../import/touches-files.ts";
import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { fileOps } from "../registry/file-ops.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { Signature } from "../tensor/signature.ts";
import { probe } from "./probe.ts";
import type { LoadedSession, TensorFlowModel } from "./servable-payload.ts";

/** Ops whose runs may take any number of rounds. */
const LOOPS = ["While", "StatelessWhile", "For", "NextIteration", "RefNextIteration"];

/** Ops that the registry calls stateful although a run of them leaves nothing behind. */
const LEAVES_NOTHING = new Set([
  "Placeholder",
  "PlaceholderWithDefault",
  "VariableV2",
  "Variable",
  "VarHandleOp",
  "ReadVariableOp",
  "VarIsInitializedOp",
  "ResourceGather",
  "ResourceGatherNd",
  "VariableShape",
  "HashTable",
  "HashTableV2",
  "MutableHashTable",
  "MutableHashTableV2",
  "LookupTableFind",
  "LookupTableFindV2",
  "LookupTableSize",
  "LookupTableSizeV2",
  "Assert",
  "If",
  "Case",
  "StatefulPartitionedCall",
]);

/** Ops that train variables. */
const TRAINS = /^(Resource)?(Sparse)?Apply[A-Z]/;

/** What a signature runs, as far as it matters to how it is run. */
interface Conduct {
  /** Its loops may take any number of rounds. */
  readonly isUnbounded: boolean;
  /** A run changes nothing that a later one sees, as far as is known: it may be tried out. */
  readonly isRepeatable: boolean;
  readonly changesState: boolean;
}

function conductOf(ops: ReachedOps): Conduct {
  const names = [...ops.keys()];
  return {
    isUnbounded: LOOPS.some((op) => ops.has(op)),
    isRepeatable: names.every(leavesNothing),
    changesState: names.some((op) => changes(op) || fileOps.has(op)),
  };
}

function changes(op: string): boolean {
  return changesState(op) || TRAINS.test(op);
}

function leavesNothing(op: string): boolean {
  const definition = opDefinition(op);
  // Ops on TF1's reference variables aren't called stateful.
  if (definition === undefined || changes(op)) return false;
  return !definition.stateful || LEAVES_NOTHING.has(op);
}

const NO_NODES: ReadonlySet<string> = new Set();

/** A loaded model, and the keys of the signatures whose runs change what others see. */
export interface LoadedTensorFlowModel {
  readonly model: TensorFlowModel;
  readonly changing: readonly string[];
}

/**
 * Has TensorFlow load a model, and tries its signatures out.
 * @param allowsFileOps whether runs of other tensors than the signatures' may read and write files.
 * @throws StatusError with TensorFlow's code and message; nothing stays allocated then.
 */
export function loadTensorFlowModel(
  engine: TensorFlowEngine,
  source: SavedModelSource,
  metaGraph: MetaGraphDef,
  signatures: ReadonlyMap<string, Signature>,
  allowsFileOps: boolean,
): LoadedTensorFlowModel {
  const reach = new OpReach(metaGraph);
  const conducts = new Map<string, Conduct>();
  for (const [key, signature] of signatures) {
    const ops = reach.of(signature);
    conducts.set(key, conductOf(ops));
  }
  const model = engine.load(source);
  try {
    const runs = new Map<string, LoadedSession>();
    for (const [key, { inputs, outputs }] of signatures) {
      const session = engine.describe(model, sessionTensors(inputs), sessionTensors(outputs));
      const attached = engine.attach(session);
      try {
        const { isUnbounded, isRepeatable } = conducts.get(key)!;
        // On made-up inputs its loops might never end.
        const cost = isUnbounded || !isRepeatable ? undefined : probe(attached);
        runs.set(key, { session, probe: cost, isUnbounded });
      } finally {
        attached.release();
      }
    }
    const changing = [...conducts].filter(([, conduct]) => conduct.changesState).map(([key]) => key);
    const fileNodes = allowsFileOps ? NO_NODES : reach.needing(touchesFiles);
    return { model: { model, runs, fileNodes }, changing };
  } catch (error) {
    engine.destroy(model);
    throw error;
  }
}

function sessionTensors(tensors: Signature["inputs"]): SessionTensor[] {
  return [...tensors.values()].map(({ tensorName, dtype, shape }) => ({ name: tensorName, dtype, shape }));
}
