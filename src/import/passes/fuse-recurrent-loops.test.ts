import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { readSavedModel } from "../../formats/saved-model/saved-model.ts";
import type { SignatureDef } from "../../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import { Attributes, partialShape } from "../../registry/attributes.ts";
import { fileStorage } from "../../storage/file.ts";
import { dtypeOfNumber } from "../../tensor/dtype.ts";
import type { Signature } from "../../tensor/signature.ts";
import { isControlFlow } from "../control-flow.ts";
import { ownOps, RECURRENT_LAYER } from "../own-ops.ts";
import { GraphPreparer, type PreparedGraph } from "../prepared-graph.ts";
import type { LayerSpec } from "../recurrent/nodes.ts";

function signature(def: SignatureDef): Signature {
  const tensors = (infos: SignatureDef["inputs"]) =>
    Object.entries(infos).map(([key, { encoding, dtype, tensorShape }]) => {
      const shape = partialShape(tensorShape!);
      return [key, { tensorName: String(encoding.value), dtype: dtypeOfNumber(dtype)!, shape }] as const;
    });
  return { methodName: "", inputs: new Map(tensors(def.inputs)), outputs: new Map(tensors(def.outputs)) };
}

/** What is left of a signature's loops: the layers, and the loops that stayed. */
function loopsOf({ graph }: PreparedGraph): string {
  const nodes = [...graph.nodes.values()].filter(({ op }) => op === RECURRENT_LAYER || isControlFlow(op));
  const kinds = nodes.map(({ name, op, attrs }) => {
    if (op !== RECURRENT_LAYER) return "loop";
    return (JSON.parse(new Attributes(name, attrs, ownOps[op]).string("layer")) as LayerSpec).op;
  });
  return kinds.join(" ");
}

/** Signatures whose names don't say of which one layer they are made. */
const SEVERAL: Readonly<Record<string, string>> = {
  bidirectional_lstm: "LSTM LSTM",
  bidirectional_gru_sum: "GRU GRU",
  both_ways: "LSTM LSTM",
  both_ways_gru: "GRU GRU",
  stacked: "LSTM GRU RNN",
};

/** The names begin with `loop_` where a loop must stay; make_recurrent.py gives them. */
function expected(name: string): string {
  if (name.startsWith("loop_")) return "loop";
  const kind = /lstm|gru|rnn/.exec(name)?.[0] ?? "lstm";
  return SEVERAL[name] ?? { lstm: "LSTM", gru: "GRU", rnn: "RNN" }[kind]!;
}

for (const name of ["recurrent_keras2", "recurrent_keras3", "recurrent_tf1", "recurrent_near_misses"]) {
  describe(`fuseRecurrentLoops, ${name}`, async () => {
    const folder = fileURLToPath(new URL(`../../../fixtures/models/${name}/1`, import.meta.url));
    const model = await readSavedModel(fileStorage, folder, ["serve"]);
    const signatures = new Map([...model.signatures].map(([key, def]) => [key, signature(def)]));
    model.close();
    const preparer = new GraphPreparer(model.metaGraph, signatures.values());
    for (const [key, wanted] of signatures) {
      it(`${key}: ${expected(key)}`, () => {
        const prepared = preparer.signature(wanted);
        assert.equal(loopsOf(prepared), expected(key));
        if (expected(key) === "loop") return;
        const lists = [...prepared.graph.nodes.values()].filter(({ op }) => op.startsWith("TensorList"));
        assert.deepEqual(lists, []);
      });
    }
  });
}
