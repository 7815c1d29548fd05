import type { DType } from "../tensor/dtype.ts";
import type { PartialShape } from "../tensor/shape.ts";
import type { GraphNode } from "./graph.ts";
import type { Placing } from "./placement.ts";
import type { GraphPreparer } from "./prepared-graph.ts";
import type { CompiledSession } from "./program.ts";
import type { Variables } from "./translate.ts";

/** What the programs of a signature, the outermost and those of its functions, have in common. */
export interface ProgramContext extends Placing {
  readonly preparer: GraphPreparer;
  readonly variables: Variables;
  /** The sessions of all programs; each adds its own. */
  readonly sessions: CompiledSession[];
  /** The nodes of the tables that they use; each adds its own. */
  readonly tables: Map<string, GraphNode>;
  /** The variables that they read or change when they run; each adds its own. */
  readonly mutableVariables: Map<string, VariableForm>;
  /** Default: false. */
  readonly refusesUnknownRanks?: boolean;
}

/** What is declared of a variable. */
export interface VariableForm {
  readonly dtype: DType;
  readonly shape: PartialShape;
}
