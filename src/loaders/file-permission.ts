import type { SavedModelGraph } from "../formats/saved-model/saved-model.ts";
import { type FileAccess, fileAccessOf } from "../import/file-use.ts";
import { describeMissingOp, MissingOps } from "../import/missing-ops.ts";
import { failedPrecondition } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";

/** What a graph, whatever engine runs it, would do with files that aren't its own. */
export interface FileUse extends FileAccess {
  /** The names of its assets that lie outside of its folder of assets. */
  readonly assetsElsewhere: readonly string[];
}

export function fileUseOf(
  graph: Pick<SavedModelGraph, "metaGraph" | "initOp" | "assets">,
  signatures: ReadonlyMap<string, Signature>,
): FileUse {
  const names = graph.assets.map(({ filename }) => filename);
  return {
    ...fileAccessOf(graph.metaGraph, signatures, graph),
    assetsElsewhere: names.filter((name) => name.includes("\0") || name.split("/").includes("..")),
  };
}

/** What is used, in words; undefined if nothing is. */
export function describeFileUse({ running, loading, assetsElsewhere }: FileUse): string | undefined {
  const ops = new MissingOps();
  for (const { op, nodes } of [...[...running.values()].flat(), ...loading]) ops.add(op, ...nodes);
  const used = ops.list();
  const count = used.reduce((sum, { nodes }) => sum + nodes.length, 0);
  const parts: string[] = [];
  if (count > 0) {
    const what = count === 1 ? "an operation that reads or writes" : `${count} operations that read or write`;
    parts.push(`${what} files: ${used.map(describeMissingOp).join("; ")}`);
  }
  if (assetsElsewhere.length > 0) {
    const names = assetsElsewhere.map((name) => JSON.stringify(name)).join(", ");
    parts.push(`assets outside of its folder of assets: ${names}`);
  }
  return parts.length === 0 ? undefined : parts.join(", and ");
}

/**
 * Refuses a model that would touch other files than its own variables and assets.
 * @throws StatusError FAILED_PRECONDITION that names the ops, their nodes, and the way out.
 */
export function assertNoFileUse(use: FileUse): void {
  const description = describeFileUse(use);
  if (description === undefined) return;
  throw failedPrecondition(
    `The model can't be served: it has ${description}. A model could so read or change whatever the server may; ` +
      "--allow_file_ops lets it, if all models come from where you trust",
  );
}
