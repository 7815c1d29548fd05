import { fileAttributes, fileOps } from "../registry/file-ops.ts";
import type { GraphNode } from "./graph.ts";

/** Whether a run of the node may read or write files. */
export function touchesFiles({ op, attrs }: Pick<GraphNode, "op" | "attrs">): boolean {
  const telling = fileAttributes[op];
  if (telling === undefined) return fileOps.has(op);
  const [attribute, pattern] = telling;
  const value = attrs[attribute]?.value;
  if (value?.case === "s") return pattern.test(new TextDecoder("latin1").decode(value.value));
  if (value?.case === "list")
    return value.value.s.some((bytes) => pattern.test(new TextDecoder("latin1").decode(bytes)));
  // Whoever calls the function says it.
  return value?.case === "placeholder";
}
