import type { OpDefinition } from "../registry/op-registry.ts";

/** A variable's value as the checkpoint holds it: the same in every run. */
export const VARIABLE_VALUE = "VariableValue";
/** The value that a variable has when the node runs. */
export const VARIABLE_READ = "VariableRead";
/** Gives a variable a value. */
export const VARIABLE_ASSIGN = "VariableAssign";
/** Whether a variable has a value. */
export const VARIABLE_INITIALIZED = "VariableInitialized";

/** Ops on a variable that requests change. */
export function isVariableOp(op: string): boolean {
  return op === VARIABLE_READ || op === VARIABLE_ASSIGN || op === VARIABLE_INITIALIZED;
}

/** ResourceGather on the variable's value. */
export const RESOURCE_GATHER_VALUE = "ResourceGatherValue";
/** Rows of several tables: of the one that a number tells, the row that an index tells. */
export const PARTITIONED_GATHER = "PartitionedGather";
/** The value after an update of some of its slices: the ScatterUpdate family, without the variable. */
export const SCATTERED = "Scattered";
/** One more, up to a limit: CountUpTo without the variable. */
export const COUNTED = "Counted";
/** The key and the counter that a random generator's state holds. */
export const RNG_KEY_COUNTER = "RngKeyCounter";
/** A random generator's state, some numbers later. */
export const RNG_SKIPPED = "RngSkipped";

/** A tensor put together at load from parts of variables and constants; `arrangement` says how. */
export const ARRANGED_WEIGHT = "ArrangedWeight";
/** A loop over time that is a recurrent layer; `layer` describes it. */
export const RECURRENT_LAYER = "RecurrentLayer";

/** Arithmetic on scalars of a loop that TypeScript runs; `formula` describes it. */
export const COUNTERS = "Counters";

const variable = { variable: ["string"], dtype: ["type"], shape: ["shape"] } as const;

/** Ops that passes put in the place of TensorFlow's, described as its registry does. */
export const ownOps: Readonly<Record<string, OpDefinition>> = {
  [VARIABLE_VALUE]: { in: [], out: [["value", "dtype"]], attrs: variable },
  [VARIABLE_READ]: { in: [], out: [["value", "dtype"]], attrs: variable },
  [VARIABLE_ASSIGN]: { in: [["value", "dtype"]], out: [], attrs: variable },
  [VARIABLE_INITIALIZED]: { in: [], out: [["is_initialized", "=bool"]], attrs: variable },
  [RESOURCE_GATHER_VALUE]: {
    in: [
      ["value", "dtype"],
      ["indices", "Tindices"],
    ],
    out: [["output", "dtype"]],
    attrs: { batch_dims: ["int", 0], validate_indices: ["bool", true], dtype: ["type"], Tindices: ["type"] },
  },
  [PARTITIONED_GATHER]: {
    in: [
      ["indices", "Tindices"],
      ["partitions", "=int32"],
      ["params", "T*N"],
    ],
    out: [["output", "T"]],
    attrs: { T: ["type"], Tindices: ["type"], N: ["int"] },
  },
  [SCATTERED]: {
    in: [
      ["value", "T"],
      ["indices", "Tindices"],
      ["updates", "T"],
    ],
    out: [["output", "T"]],
    attrs: { T: ["type"], Tindices: ["type"], reduction: ["string"], is_nd: ["bool"] },
  },
  [COUNTED]: { in: [["value", "T"]], out: [["next", "T"]], attrs: { T: ["type"], limit: ["int"] } },
  [RNG_KEY_COUNTER]: {
    in: [["state", "=int64"]],
    out: [
      ["key", "=uint64"],
      ["counter", "=uint64"],
    ],
    attrs: {},
  },
  [RNG_SKIPPED]: {
    in: [
      ["state", "=int64"],
      ["alg", "Talg"],
      ["delta", "Tdelta"],
    ],
    out: [["next", "=int64"]],
    attrs: { Talg: ["type"], Tdelta: ["type"] },
  },
  [ARRANGED_WEIGHT]: {
    in: [["sources", "dtype*N"]],
    out: [["value", "dtype"]],
    attrs: { arrangement: ["string"], variables: ["string"], N: ["int"], dtype: ["type"] },
  },
  [RECURRENT_LAYER]: {
    // Those aside that aren't of this type: layer says what each is.
    in: [["inputs", "dtype*N"]],
    out: [
      ["all", "dtype"],
      ["last", "dtype"],
      ["h", "dtype"],
      ["c", "dtype"],
    ],
    attrs: { layer: ["string"], N: ["int"], dtype: ["type"] },
  },
  // Of as many inputs and outputs as the formula says, of several types.
  [COUNTERS]: { in: [], out: [], attrs: { formula: ["string"] } },
};
