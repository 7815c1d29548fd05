import type { EngineModel, Weight } from "../engines/engine.ts";
import type { BundleRef } from "../formats/saved-model/variable-keys.ts";
import type { AttrValue } from "../proto/gen/tensorflow/core/framework/attr_value_pb.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { FilterFolding } from "./onnx/folded-filter.ts";

/**
 * What answers a signature: steps over registers that hold tensors. Plain data, so that the loader thread can hand it to
 * the request workers. The signature's inputs are in the first registers.
 */
export interface Program {
  readonly registerCount: number;
  /** Values that are the same in every run. */
  readonly constants: readonly { readonly register: number; readonly tensor: Tensor }[];
  /** In an order in which every step follows those whose registers it reads. */
  readonly steps: readonly Step[];
  /** The register of each of the signature's outputs. */
  readonly outputs: readonly number[];
}

export type Step = SessionStep | KernelStep | WhileStep | BranchStep;

/** A step that runs in TypeScript on the thread that calls. */
export type KernelStep = HostStep | TableStep | VariableStep;

/** The programs that a step holds. */
export function innerPrograms(step: Step): readonly Program[] {
  if (step.kind === "while") return [step.condition, step.body];
  return step.kind === "branch" ? step.branches : [];
}

/** What a session step runs, before the engine has it. */
export interface CompiledSession {
  readonly model: CompiledModel;
  /** Equal for models of one SavedModel that are the same but for names: they can share a native session. */
  readonly identity: string;
  /** Whether it has a loop whose number of rounds depends on the elements of its inputs: a run may take any time. */
  readonly isUnbounded: boolean;
}

export interface CompiledModel extends EngineModel {
  readonly weights: readonly CompiledWeight[];
}

export interface CompiledWeight extends Weight {
  /** What of the checkpoint `read` gives; undefined for what is in the graph, or was put together. */
  readonly stored?: BundleRef;
  /** What `read` makes of `stored`, a convolution's filter; undefined if it gives it as it is. */
  readonly folding?: FilterFolding;
}

/** Runs a region of numeric ops. */
export interface SessionStep {
  readonly kind: "session";
  /** Which of the program's sessions. */
  readonly session: number;
  /** A register for each of the session's inputs and outputs. */
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
}

/** Runs one op in TypeScript. */
export interface HostStep {
  readonly kind: "host";
  readonly op: string;
  /** The node's name. */
  readonly name: string;
  /** The node, as errors that it causes end with it. */
  readonly origin: string;
  readonly attrs: Readonly<Record<string, AttrValue>>;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** Whether it must run even if nobody wants its outputs: it may refuse the request, or change what others see. */
  readonly effect: boolean;
}

/** Runs one op on a table. `inputs` are those after the table. */
export interface TableStep {
  readonly kind: "table";
  readonly op: string;
  readonly name: string;
  readonly origin: string;
  /** The table's node: its name among the tables of the version. */
  readonly table: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** As of host steps: it changes the table. */
  readonly effect: boolean;
}

/** Reads or changes a variable that belongs to the servable, not to a run. */
export interface VariableStep {
  readonly kind: "variable";
  /** `initialized` asks whether there is a value. */
  readonly action: "read" | "assign" | "initialized";
  readonly name: string;
  /** The variable's node: its name among the variables of the version. */
  readonly variable: string;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** As of host steps: it assigns. */
  readonly effect: boolean;
}

/**
 * Runs `body` on its own outputs as long as `condition` holds of them. Both take all loop variables; `inputs` are the
 * first ones, `outputs` take the last ones.
 */
export interface WhileStep {
  readonly kind: "while";
  readonly name: string;
  readonly condition: Program;
  readonly body: Program;
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** As of host steps. */
  readonly effect: boolean;
}

/** Runs one of its branches. `inputs` are the selector, which is not passed on, and what all branches take. */
export interface BranchStep {
  readonly kind: "branch";
  readonly name: string;
  /** `truth`: the first branch if the selector is true, else the second. `index`: that branch, or else the last. */
  readonly select: "truth" | "index";
  readonly branches: readonly Program[];
  readonly inputs: readonly number[];
  readonly outputs: readonly number[];
  /** As of host steps. */
  readonly effect: boolean;
}
