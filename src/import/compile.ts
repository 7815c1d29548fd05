import { asStatusError, invalidArgument, StatusError, unimplemented } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";
import { branchArguments, controlFlowOf, isControlFlow } from "./control-flow.ts";
import { formatRef, type GraphNode } from "./graph.ts";
import { type HostOps, loadHostOps, NO_HOST_OPS } from "./host-ops.ts";
import { describeMissing, type MissingOp, MissingOps } from "./missing-ops.ts";
import { placeOf } from "./placement.ts";
import type { GraphPreparer, PreparedGraph } from "./prepared-graph.ts";
import type { CompiledSession, Program } from "./program.ts";
import { ProgramBuilder, type VariableForm } from "./program-builder.ts";
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
}

const NOTHING: ReadonlySet<string> = new Set();

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
   */
  async compile(key: string, signature: Signature): Promise<CompiledSignature> {
    try {
      return await this.#compile(signature);
    } catch (error) {
      const status = asStatusError(error);
      throw new StatusError(status.code, `Signature ${key}: ${status.message}`, { cause: error });
    }
  }

  async #compile(signature: Signature): Promise<CompiledSignature> {
    const prepared = this.#preparer.signature(signature);
    const missing = await this.#missing(prepared);
    if (missing.length > 0) throw unimplemented(describeMissing(missing));
    for (const [i, [key, { dtype }]] of [...signature.outputs].entries()) {
      const computed = prepared.types.of(prepared.outputs[i]!);
      if (computed !== dtype) {
        throw invalidArgument(`the output ${key} is declared as ${dtype}, the graph computes ${computed}`);
      }
    }
    const refused = new Set<string>();
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
      };
      try {
        const { program } = new ProgramBuilder(prepared, context).build(true);
        return { program, sessions, tables, mutableVariables };
      } catch (error) {
        // What ONNX can't express of an op, TypeScript may.
        if (!(error instanceof NodeRefusal) || refused.has(error.node.name)) throw error;
        this.#host = await loadHostOps();
        if (!Object.hasOwn(this.#host.hostOps, error.node.op)) throw error;
        refused.add(error.node.name);
      }
    }
  }

  async #missing(prepared: PreparedGraph): Promise<readonly MissingOp[]> {
    const missing = new MissingOps();
    this.#findMissing(prepared, missing, new Set());
    if (missing.isEmpty || this.#host !== NO_HOST_OPS) return missing.list();
    this.#host = await loadHostOps();
    return this.#missing(prepared);
  }

  /** @param seen the functions that were looked into already. */
  #findMissing({ graph, feeds, types }: PreparedGraph, missing: MissingOps, seen: Set<string>): void {
    const fed = new Set(feeds.map((feed) => formatRef(feed.ref)));
    const placing = { host: this.#host, refused: NOTHING };
    for (const node of graph.nodes.values()) {
      if (placeOf(node, types, placing) === "missing") missing.add(node.op, node.name);
      if (!isControlFlow(node.op)) continue;
      const flow = controlFlowOf(node);
      const args = branchArguments(graph, flow.inputs, types, fed);
      for (const name of flow.kind === "while" ? [flow.condition, flow.body] : flow.branches) {
        if (seen.has(name)) continue;
        seen.add(name);
        this.#findMissing(this.#preparer.body(`${node.name}/${name}`, name, args), missing, seen);
      }
    }
  }
}
