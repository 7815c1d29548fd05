import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { ExampleSchema } from "../../proto/gen/tensorflow/core/example/example_pb.ts";
import { readExamplesBody } from "./examples-body.ts";
import { writeClassifications, writeRegressions } from "./examples-reply.ts";

const read = (body: string) => readExamplesBody(new TextEncoder().encode(body));

/** The features of each example: their kind and their values. */
function features(body: string) {
  return read(body).examples.map((bytes) => {
    const { feature } = fromBinary(ExampleSchema, bytes).features!;
    return Object.fromEntries(
      Object.entries(feature).map(([name, { kind }]) => {
        const values = kind.case === undefined ? [] : (kind.value.value as unknown[]);
        const shown = values.map((value) =>
          value instanceof Uint8Array ? Buffer.from(value).toString("latin1") : value,
        );
        return [name, [kind.case, ...shown]];
      }),
    );
  });
}

describe("the body of classify and regress requests", () => {
  it("gives features the type of their values", () => {
    const body = `{"signature_name": "s", "examples": [
      {"i": 9007199254740993, "f": [1.5, 1e2], "t": ["a", {"b64": "/w=="}], "b": [true, 2], "none": []}, {}]}`;
    assert.equal(read(body).signatureName, "s");
    assert.deepEqual(features(body), [
      {
        i: ["int64List", 9007199254740993n],
        f: ["floatList", 1.5, 100],
        t: ["bytesList", "a", "\xff"],
        b: ["int64List", 1n, 2n],
        none: [undefined],
      },
      {},
    ]);
  });

  it("merges the context into each example, and takes the last of features of one name", () => {
    const body = '{"context": {"c": 1, "x": 1}, "examples": [{"x": 2, "x": 3}, {"__proto__": "p"}]}';
    assert.deepEqual(
      features(body).map((example) => Object.entries(example).sort()),
      [
        [
          ["c", ["int64List", 1n]],
          ["x", ["int64List", 3n]],
        ],
        [
          ["__proto__", ["bytesList", "p"]],
          ["c", ["int64List", 1n]],
          ["x", ["int64List", 1n]],
        ],
      ],
    );
  });

  it("takes NaN, Infinity and floats beyond float32 as TensorFlow Serving does", () => {
    const body = '{"examples": [{"x": [NaN, -Infinity, 1e39]}]}';
    assert.deepEqual(features(body), [{ x: ["floatList", Number.NaN, -Infinity, Infinity] }]);
  });

  const refusals: readonly (readonly [string, RegExp])[] = [
    ["", /^JSON Parse error: The document is empty$/],
    ["[1]", /Is not object$/],
    ['{"signature_name": 1, "examples": [{}]}', /'signature_name' key must be a string value\.$/],
    ['{"x": 1}', /When method is classify, key 'examples' is expected and was not found$/],
    ['{"examples": {}}', /Expecting 'examples' value to be an list\/array$/],
    ['{"examples": []}', /'examples' value is an empty array$/],
    ['{"examples": [1]}', /^Example must be JSON object but got JSON Number$/],
    ['{"examples": [{}], "context": "c"}', /^Example must be JSON object but got JSON String$/],
    ['{"examples": [{"x": null}]}', /^Feature: x has element with unexpected JSON type: Null$/],
    ['{"examples": [{"x": [[1]]}]}', /^Feature: x has element with unexpected JSON type: Array$/],
    ['{"examples": [{"x": {"y": 1}}]}', /^Feature: x has element with unexpected JSON type: Object$/],
    ['{"examples": [{"x": [1, 1.5]}]}', /^Unexpected element type in feature: x expecting type: int64$/],
    ['{"examples": [{"x": ["a", 1]}]}', /^Unexpected element type in feature: x expecting type: bytes$/],
    [
      '{"examples": [{"x": 9223372036854775808}]}',
      /^Feature: x has uint64 element\. Only int64 is supported\.$/,
    ],
    ['{"examples": [{"x": {"b64": "?"}}]}', /^Unable to base64 decode$/],
  ];
  for (const [body, message] of refusals) {
    it(`refuses ${body || "nothing"}`, () => assert.throws(() => read(body), { message }));
  }
});

describe("the replies", () => {
  const text = (bytes: Uint8Array) => Buffer.from(bytes).toString();
  const label = (value: string) => new TextEncoder().encode(value);

  it("have the classes of an example on one line", () => {
    const reply = writeClassifications([
      [
        { label: label('a"b'), score: 0.1 },
        { label: label("c"), score: 2 },
      ],
      [
        { label: undefined, score: Number.NaN },
        { label: label("d"), score: undefined },
      ],
      [],
    ]);
    assert.equal(
      text(reply),
      '{\n    "results": [[["a\\"b", 0.1], ["c", 2.0]], [["", NaN], ["d", 0.0]], []\n    ]\n}',
    );
  });

  it("have all values on one line", () => {
    assert.equal(text(writeRegressions([1.5, -2, 1 / 3])), '{\n    "results": [1.5, -2.0, 0.333333343]\n}');
  });
});
