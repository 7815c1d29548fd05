import type { SignatureCompiler } from "../import/compile.ts";
import { describeMissing, MissingOps } from "../import/missing-ops.ts";
import { unimplemented } from "../status/status.ts";
import type { Signature } from "../tensor/signature.ts";

/** Rejects with StatusError UNIMPLEMENTED that names every op that keeps any of the signatures from being compiled. */
export async function assertCovered(
  compiler: SignatureCompiler,
  signatures: ReadonlyMap<string, Signature>,
): Promise<void> {
  const missing = new MissingOps();
  for (const signature of signatures.values()) {
    for (const { op, nodes } of await compiler.missing(signature)) missing.add(op, ...nodes);
  }
  if (!missing.isEmpty) throw unimplemented(describeMissing(missing.list()));
}
