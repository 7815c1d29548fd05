import { frozenTable, type LookupTableData } from "../host/tables/lookup-table.ts";
import { MutableTable, type MutableTableMemory } from "../host/tables/mutable-table.ts";
import type { Table } from "../host/tables/table.ts";
import { writesTable } from "../host/tables/table-op.ts";
import { innerPrograms, type Program, type Step } from "../import/program.ts";
import { fileOps } from "../registry/file-ops.ts";
import type { Access } from "../state/lock.ts";
import { SharedVariable, type VariableMemory } from "../state/variable.ts";

/**
 * What of a version outlives a run, in memory that all threads share: plain data that travels by `postMessage` without a
 * copy. All is named by its node.
 */
export interface StateMemory {
  /** Guards the mutable part. */
  readonly lock: SharedArrayBuffer;
  readonly tables: ReadonlyMap<string, LookupTableData>;
  readonly mutableTables: ReadonlyMap<string, MutableTableMemory>;
  readonly variables: ReadonlyMap<string, VariableMemory>;
  /** How many blocks of random numbers each seeded random op has used up. */
  readonly randomStreams: ReadonlyMap<string, BigInt64Array<SharedArrayBuffer>>;
}

/** One thread's view of it. */
export interface ServableState {
  readonly tables: ReadonlyMap<string, Table>;
  readonly variables: ReadonlyMap<string, SharedVariable>;
  readonly randomStreams: StateMemory["randomStreams"];
}

/** Of a version whose programs use none. */
export const NO_STATE: ServableState = { tables: new Map(), variables: new Map(), randomStreams: new Map() };

export function attachState(memory: StateMemory): ServableState {
  const mutable = [...memory.mutableTables].map(([name, table]) => [name, new MutableTable(table)] as const);
  const frozen = [...memory.tables].map(([name, table]) => [name, frozenTable(table)] as const);
  return {
    tables: new Map<string, Table>([...frozen, ...mutable]),
    variables: new Map([...memory.variables].map(([name, variable]) => [name, new SharedVariable(variable)])),
    randomStreams: memory.randomStreams,
  };
}

/** How runs of a program use the mutable state; undefined if they don't. */
export function accessOf(program: Program, memory: StateMemory): Access | undefined {
  let access: Access | undefined;
  for (const step of stepsWithin(program)) {
    if (changesState(step)) return "exclusive";
    const isSeen =
      step.kind === "variable" || (step.kind === "table" && memory.mutableTables.has(step.table));
    if (isSeen) access = "shared";
  }
  return access;
}

/** Whether runs of a program leave something in files, or find something there that others leave. */
export function usesFiles(program: Program): boolean {
  return stepsWithin(program).some((step) => step.kind === "host" && fileOps.has(step.op));
}

function changesState(step: Step): boolean {
  if (step.kind === "table") return writesTable(step.op);
  return step.kind === "variable" && step.action === "assign";
}

/** The program's steps and those of the programs inside of it. */
export function stepsWithin(program: Program): Step[] {
  return program.steps.flatMap((step) => [step, ...innerPrograms(step).flatMap(stepsWithin)]);
}
