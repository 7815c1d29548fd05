import { asStatusError, invalidArgument, StatusError, unimplemented } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";
import { isControlFlow } from "./control-flow.ts";
import type { GraphNode } from "./graph.ts";
import { type HostOps, loadHostOps, NO_HOST_OPS } from "./host-ops.ts";
import { describeMissing, type MissingOp, MissingOps } from "./missing-ops.ts";
import { placeNodes } from "./placement.ts";
import type { GraphPreparer, PreparedGraph } from "./prepared-graph.ts";
import type { CompiledSession, Program } from "./program.ts";
import { buildProgram } from "./program-builder.ts";
import type { VariableForm } from "./program-context.ts";
import { NodeRefusal, type Variables } from "./translate.ts";

/** A signature ready for the engine. */
export interface CompiledSignature {
  readonly program: Program;
  /** What the session steps of the program, and of those inside of it, run. */
  readonly sessions: readonly CompiledSession[];
  /** The nodes of the tables that table steps name. */
  readonly tables: ReadonlyMap<string, GraphNode>;
  /** What variable steps name. */
  readonly mutableVariables: ReadonlyMap<string, VariableForm>;
  /** What ONNX couldn't express of nodes that run in TypeScript instead, by their names. */
  readonly refused: ReadonlyMap<string, string>;
}

const NOTHING: ReadonlyMap<string, string> = new Map();

/** Compiles signatures of one meta graph. */
export class SignatureCompiler {
  readonly #preparer: GraphPreparer;
  readonly #variables: Variables;
  /** Loaded when something has no other place. */
  #host: HostOps = NO_HOST_OPS;

  constructor(preparer: GraphPreparer, variables: Variables) {
    this.#preparer = preparer;
    this.#variables = variables;
  }

  /** The ops that keep a signature from being compiled, the most frequent first, and the nodes that use them. */
  missing(signature: Signature): Promise<readonly MissingOp[]> {
    return this.#missing(this.#preparer.signature(signature));
  }

  /**
   * Rejects with StatusError UNIMPLEMENTED that names every op that isn't covered, or the first node whose op is covered
   * but not in this use; INVALID_ARGUMENT for a broken graph.
   * @param refusesUnknownRanks rejects with FAILED_PRECONDITION instead of taking a tensor of unknown rank for what an op
   * demands, which only a run could tell. Default: false.
   */
  async compile(key: string, signature: Signature, refusesUnknownRanks = false): Promise<CompiledSignature> {
    try {
      return await this.#compile(signature, refusesUnknownRanks);
    } catch (error) {
      const status = asStatusError(error);
      throw new StatusError(status.code, `Signature ${key}: ${status.message}`, { cause: error });
    }
  }

  async #compile(signature: Signature, refusesUnknownRanks: boolean): Promise<CompiledSignature> {
    const prepared = this.#preparer.signature(signature);
    const missing = await this.#missing(prepared);
    if (missing.length > 0) throw unimplemented(describeMissing(missing));
    for (const [i, [key, { dtype }]] of [...signature.outputs].entries()) {
      const computed = prepared.types.of(prepared.outputs[i]!);
      if (computed !== dtype) {
        throw invalidArgument(`the output ${key} is declared as ${dtype}, the graph computes ${computed}`);
      }
    }
    const refused = new Map<string, string>();
    for (;;) {
      const sessions: CompiledSession[] = [];
      const tables = new Map<string, GraphNode>();
      const mutableVariables = new Map<string, VariableForm>();
      const context = {
        preparer: this.#preparer,
        variables: this.#variables,
        host: this.#host,
        refused,
        sessions,
        tables,
        mutableVariables,
        refusesUnknownRanks,
      };
      try {
        const { program } = buildProgram(prepared, context, { isOutermost: true });
        return { program, sessions, tables, mutableVariables, refused };
      } catch (error) {
        if (!(error instanceof NodeRefusal)) throw error;
        this.#host = await loadHostOps();
        // What ONNX can't express of an op, TypeScript may, and the loops and conditions around it with it.
        const others = error.nodes.filter(({ name, op }) => !refused.has(name) && this.#runsInTypeScript(op));
        if (others.length === 0) throw error;
        for (const { name } of others) refused.set(name, error.message);
      }
    }
  }

  #runsInTypeScript(op: string): boolean {
    const { hostOps, valueOps } = this.#host;
    return isControlFlow(op) || Object.hasOwn(hostOps, op) || Object.hasOwn(valueOps, op);
  }

  async #missing(prepared: PreparedGraph): Promise<readonly MissingOp[]> {
    const missing = new MissingOps();
    this.#findMissing(prepared, missing);
    if (missing.isEmpty || this.#host !== NO_HOST_OPS) return missing.list();
    this.#host = await loadHostOps();
    return this.#missing(prepared);
  }

  /** Each function is looked into where it is called, since what it is called with decides what it needs. */
  #findMissing(prepared: PreparedGraph, missing: MissingOps): void {
    const placing = { preparer: this.#preparer, host: this.#host, refused: NOTHING };
    const places = placeNodes(prepared, placing);
    for (const node of prepared.graph.nodes.values()) {
      const place = places.get(node.name);
      if (place === "missing") missing.add(node.op, node.name);
      if (place !== "host" || !isControlFlow(node.op)) continue;
      for (const inner of this.#preparer.flow(prepared, node).functions) this.#findMissing(inner, missing);
    }
  }
}
