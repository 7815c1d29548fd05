import { type GraphNode, parseRef } from "../import/graph.ts";
import { OpReach } from "../import/reached-ops.ts";
import type { MetaGraphDef } from "../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { Attributes } from "../registry/attributes.ts";
import { opDefinition } from "../registry/op-registry.ts";
import type { Signature } from "../tensor/signature.ts";
import type { IncomparableOutputs } from "./comparison.ts";

/** Ops that answer otherwise each time, and take no seeds. */
const CHANGING = new Set(["Timestamp", "AnonymousRandomSeedGenerator"]);

/** Ops that give all that a table holds, in whatever order it lies there. */
const UNORDERED = new Set(["LookupTableExport", "LookupTableExportV2"]);

/** Whether two engines may well give different values, and both be right. With seeds, the numbers are TensorFlow's. */
export function isByChance({ name, op, attrs }: GraphNode): boolean {
  if (CHANGING.has(op) || UNORDERED.has(op)) return true;
  const definition = opDefinition(op);
  if (definition?.stateful !== true || definition.attrs.seed === undefined) return false;
  const given = new Attributes(name, attrs, definition);
  const seeds = ["seed", "seed2"].filter((attribute) => given.knows(attribute));
  return seeds.every((attribute) => given.bigint(attribute) === 0n);
}

/** The outputs that need such an op, each with the ops' names. */
export function outputsByChance(
  metaGraph: MetaGraphDef,
  signatures: ReadonlyMap<string, Signature>,
): IncomparableOutputs {
  const reach = new OpReach(metaGraph);
  const needing = reach.needing(isByChance);
  const found = new Map<string, ReadonlyMap<string, string>>();
  if (needing.size === 0) return found;
  for (const [key, signature] of signatures) {
    const outputs = [...signature.outputs].filter(([, { tensorName }]) =>
      needing.has(parseRef(tensorName).node),
    );
    const reasons = outputs.map(([name, tensor]): [string, string] => {
      const ops = [...reach.of({ ...signature, outputs: new Map([[name, tensor]]) }).keys()];
      return [name, ops.filter(mayBeByChance).sort().join(", ")];
    });
    // An op may lie behind something that is fed.
    const real = reasons.filter(([, ops]) => ops !== "");
    if (real.length > 0) found.set(key, new Map(real));
  }
  return found;
}

function mayBeByChance(op: string): boolean {
  return isByChance({ name: "", op, inputs: [], controls: [], attrs: {} });
}
