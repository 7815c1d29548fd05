import type { Classifications } from "../../inference/classify.ts";
import type { Regressions } from "../../inference/regress.ts";
import { JsonWriter } from "./json/writer.ts";

const NO_LABEL = new Uint8Array(0);
const SEPARATOR = new TextEncoder().encode(", ");

/** Labels and scores of each example, in TensorFlow Serving's layout: those of an example on one line. */
export function writeClassifications(examples: Classifications): Uint8Array {
  const out = new JsonWriter(examples.length * (examples[0]?.length ?? 0) * 24);
  const score = new Float32Array(1);
  out.ascii('{\n    "results": [');
  for (const [i, classes] of examples.entries()) {
    out.ascii(i > 0 ? ", [" : "[");
    for (const [k, { label, score: value }] of classes.entries()) {
      out.ascii(k > 0 ? ", [" : "[");
      out.string(label ?? NO_LABEL);
      out.ascii(", ");
      score[0] = value ?? 0;
      out.float32List(score, 0, 1, SEPARATOR);
      out.ascii("]");
    }
    out.ascii("]");
  }
  out.ascii("\n    ]\n}");
  return out.finish();
}

/** The value of each example, all on one line. */
export function writeRegressions(values: Regressions): Uint8Array {
  const out = new JsonWriter(values.length * 14);
  out.ascii('{\n    "results": [');
  out.float32List(Float32Array.from(values), 0, values.length, SEPARATOR);
  out.ascii("]\n}");
  return out.finish();
}
