import assert from "node:assert/strict";
import { echoSignature } from "../../src/protocols/rest/echo-servable.ts";
import { readExamplesBody } from "../../src/protocols/rest/examples-body.ts";
import { JsonObject, parseDocument } from "../../src/protocols/rest/json/document.ts";
import { PredictBody } from "../../src/protocols/rest/predict-body.ts";
import { showAll } from "../../src/protocols/rest/predict-comparison.ts";
import { readPredictDocument } from "../../src/protocols/rest/predict-document.ts";
import { scanPredictBody } from "../../src/protocols/rest/predict-scan.ts";
import { type FuzzTarget, unlessRefused } from "../target.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

const SIGNATURES = [
  echoSignature({ x: "float32" }),
  echoSignature({ a: "int64", s: "string", b: "bool" }),
  echoSignature({ u: "uint8", d: "float64" }),
];

/** With so much white space behind it, a body is one of those whose lists are read with WebAssembly. */
function enlarged(body: Uint8Array): Uint8Array {
  const large = new Uint8Array(body.length + 5000).fill(0x20);
  large.set(body);
  return large;
}

/** Predict bodies: the scanner, which reads what is plain, and the document's reader agree. */
const predict: FuzzTarget = {
  name: "json: predict",
  seeds: [
    '{"instances": [[1.5, -2e3], [0, 4]]}',
    '{"signature_name": "s", "inputs": {"a": [9007199254740993, -1], "s": ["x", {"b64": "YWI="}], "b": [true, false]}}',
    '{"instances": [{"u": [1, 2], "d": 1e-7}, {"u": [3, 4], "d": NaN}]}',
    '{"inputs": [[[1]], [[2]]]}',
    '{"instances": [{"b64": "AAEC"}]}',
  ].map(text),
  run(input) {
    for (const signature of SIGNATURES) {
      const body = new PredictBody(input);
      unlessRefused(() => body.signatureName());
      unlessRefused(() => body.inputs(signature));
      for (const scanned of [
        scanPredictBody(input, signature),
        scanPredictBody(enlarged(input), signature),
      ]) {
        if (scanned === undefined) continue;
        const document = parseDocument(input);
        assert.ok(document instanceof JsonObject);
        assert.deepEqual(showAll(scanned), showAll(readPredictDocument(document, signature)));
      }
    }
  },
};

const examples: FuzzTarget = {
  name: "json: examples",
  seeds: [
    '{"context": {"c": 1}, "examples": [{"x": [1.0, 2.0], "s": "text"}, {"x": 3, "b": {"b64": "YQ=="}}]}',
    '{"signature_name": "s", "examples": [{"i": [1, 2, 3], "t": true}]}',
  ].map(text),
  run(input) {
    unlessRefused(() => readExamplesBody(input));
  },
};

export const jsonTargets: readonly FuzzTarget[] = [predict, examples];
