import { tableOps } from "../host/tables/table-op.ts";
import { translators } from "./ops/table.ts";
import { COUNTERS } from "./own-ops.ts";
import { innerPrograms, type Step } from "./program.ts";

/**
 * Why a step isn't part of a session, in a few words; undefined for a session.
 * @param refused what ONNX couldn't express of nodes, by their names.
 */
export function hostReason(step: Step, refused: ReadonlyMap<string, string>): string | undefined {
  switch (step.kind) {
    case "session":
      return undefined;
    case "table":
      return tableOps[step.op]!.kind === "writing" ? "changes a table" : "looks into a table";
    case "variable":
      return step.action === "assign" ? "changes a variable" : "sees a variable that requests change";
    case "host":
      if (step.op === COUNTERS) return "counts for a loop that runs in TypeScript";
      if (!Object.hasOwn(translators, step.op)) return "ONNX has no word for it";
      return refusal(step.name, refused) ?? "handles strings, lists or complex numbers";
    default: {
      const inner = innerPrograms(step).flatMap((program) =>
        program.steps.filter((one) => one.kind !== "session" && opOf(one) !== COUNTERS),
      );
      const telling =
        inner.find((found) => found.kind !== "host" || !Object.hasOwn(translators, found.op)) ?? inner[0];
      if (telling !== undefined) return `holds ${opOf(telling)}`;
      return refusal(step.name, refused) ?? "carries what ONNX can't";
    }
  }
}

/** The op that a step stands for. */
export function opOf(step: Step): string {
  switch (step.kind) {
    case "session":
      return "session";
    case "variable":
      return (
        { read: "read of", assign: "assignment to", initialized: "look at" }[step.action] +
        ` ${step.variable}`
      );
    case "while":
      return "while";
    case "branch":
      return step.select === "truth" ? "if" : "case";
    default:
      return step.op;
  }
}

/** What the translator said, without the node's name, which stands beside it. */
function refusal(name: string, refused: ReadonlyMap<string, string>): string | undefined {
  return refused.get(name)?.replace(/^Op \S+ \(node [^)]*\): /, "ONNX can't express it: ");
}
