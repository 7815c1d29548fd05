import type { HostOp, HostValue, ValueKernel, ValueOp } from "../host/host-op.ts";
import { owned } from "../host/lists/tensor-list.ts";
import { loadOps } from "../host/op-loading.ts";
import type { Table, WritableTable } from "../host/tables/table.ts";
import { tableOps } from "../host/tables/table-op.ts";
import { ownOps } from "../import/own-ops.ts";
import type { HostStep, KernelStep, TableStep, VariableStep } from "../import/program.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { Access } from "../state/lock.ts";
import type { SharedVariable } from "../state/variable.ts";
import { StatusError } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { ServableState } from "./servable-state.ts";

/**
 * Makes what runs a step in TypeScript.
 * @param access how runs of the whole program use the state.
 */
export type CompileKernel = (
  step: KernelStep,
  state: ServableState,
  access: Access | undefined,
) => ValueKernel;

type Ops = Readonly<Record<string, HostOp | ValueOp>>;

/** Loads what it takes to compile these steps. */
export async function loadKernels(steps: readonly KernelStep[]): Promise<CompileKernel> {
  const ops = await loadOps(steps.filter(({ kind }) => kind === "host").map((step) => (step as HostStep).op));
  return (step, state, access) => compileKernel(ops, step, state, access);
}

function compileKernel(
  ops: Ops,
  step: KernelStep,
  state: ServableState,
  access: Access | undefined,
): ValueKernel {
  if (step.kind === "variable") return variableKernel(step, state.variables.get(step.variable)!, access);
  const kernel =
    step.kind === "table" ? tableKernel(step, state.tables.get(step.table)!) : hostKernel(ops, step, state);
  return namingItself(kernel, step.origin);
}

/** Errors of a run end with the node that caused them, as those of TensorFlow's executor do. */
function namingItself(kernel: ValueKernel, origin: string): ValueKernel {
  return (inputs) => {
    try {
      return kernel(inputs);
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new StatusError(error.code, `${error.message}\n\t [[${origin}]]`, { cause: error.cause });
    }
  };
}

function tableKernel({ op }: TableStep, table: Table): ValueKernel {
  const found = tableOps[op]!;
  if (found.kind === "reading") return (inputs) => found.run(table, inputs as Tensor[]);
  return (inputs) => {
    found.run(table as WritableTable, inputs as Tensor[]);
    return [];
  };
}

function variableKernel(
  { action }: VariableStep,
  variable: SharedVariable,
  access: Access | undefined,
): ValueKernel {
  switch (action) {
    case "read":
      // A run that changes state may change the variable while it still uses what it has read.
      return access === "exclusive" ? () => [owned(variable.read())] : () => [variable.read()];
    case "assign":
      return ([value]) => {
        variable.assign(value as Tensor);
        return [];
      };
    case "initialized":
      return () => [
        { dtype: "bool", shape: [], data: Uint8Array.of(Number(variable.isInitialized)) } satisfies HostValue,
      ];
  }
}

function hostKernel(ops: Ops, { op, name, attrs }: HostStep, { randomStreams }: ServableState): ValueKernel {
  const attributes = new Attributes(name, attrs, ownOps[op] ?? opDefinition(op));
  const found = ops[op]!;
  return found.compile(attributes, randomStreams.get(name)) as ValueKernel;
}
