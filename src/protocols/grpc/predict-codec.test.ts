import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { suite, test } from "node:test";
import type { PredictRequest } from "../../inference/predict.ts";
import { Code, StatusError } from "../../status/status.ts";
import { type DType, dtypeInfo } from "../../tensor/dtype.ts";
import type { Shape } from "../../tensor/shape.ts";
import { arrayOfBytes, bytesOf, type NumericTensor, type Tensor } from "../../tensor/tensor.ts";
import { DEFAULT_REQUEST_LIMITS } from "../request-limits.ts";
import { PREFIX_LENGTH } from "./framing.ts";
import { decodePredictRequest, encodePredictResponse } from "./predict-codec.ts";

/** Made by the official Python stubs; the values are TensorFlow's: fixtures/grpc/make.py. */
const golden = JSON.parse(
  readFileSync(new URL("../../../fixtures/grpc/predict.json", import.meta.url), "utf8"),
) as { requests: GoldenCase[]; responses: (GoldenCase & { form: "typed" | "content" })[] };

interface GoldenCase {
  readonly name: string;
  readonly message: string;
  readonly tensor: { dtype: DType; shape: Shape; bytes?: string; strings?: string[] };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const base64 = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, "base64"));

function goldenTensor({ dtype, shape, bytes, strings }: GoldenCase["tensor"]): Tensor {
  if (dtype === "string") return { dtype, shape, data: strings!.map(base64) };
  const numeric = dtype as NumericTensor["dtype"];
  return { dtype: numeric, shape, data: arrayOfBytes(numeric, base64(bytes!)) };
}

/** Plain data that deepEqual compares bit by bit (NaN payloads and -0 too). */
function contents(tensor: Tensor) {
  const data =
    tensor.dtype === "string"
      ? tensor.data.map((text) => Buffer.from(text).toString("latin1"))
      : Buffer.from(bytesOf(tensor)).toString("hex");
  return { dtype: tensor.dtype, shape: [...tensor.shape], data };
}

function inputsOf(request: PredictRequest): ReadonlyMap<string, Tensor> {
  const { inputs } = request;
  assert.ok(typeof inputs !== "function");
  return new Map([...inputs.keys()].map((key) => [key, inputs.get(key)!]));
}

function inputX(message: Uint8Array): Tensor {
  return inputsOf(decodePredictRequest(message)).get("x")!;
}

/** A copy at an address that is `offset` more than a multiple of 8. */
function placedAt(offset: number, message: Uint8Array): Uint8Array {
  const placed = new Uint8Array(new ArrayBuffer(message.length + offset), offset);
  placed.set(message);
  return placed;
}

/** A length-delimited field. */
function field(number: number, ...content: Uint8Array[]): Uint8Array {
  const body = Buffer.concat(content);
  assert.ok(body.length < 0x4000 && number < 16);
  const length = body.length < 0x80 ? [body.length] : [(body.length & 0x7f) | 0x80, body.length >> 7];
  return Buffer.concat([bytes((number << 3) | 2, ...length), body]);
}

const text = (value: string): Uint8Array => new TextEncoder().encode(value);
const modelSpec = field(1, field(1, text("m")));
/** A request whose input `x` is the TensorProto of these fields. */
const requestOf = (...tensor: Uint8Array[]): Uint8Array =>
  Buffer.concat([modelSpec, field(2, field(1, text("x")), field(2, ...tensor))]);
const dtypeField = (number: number): Uint8Array => bytes(8, number);
/** Dims as varints, already encoded. */
const shapeField = (...dims: Uint8Array[]): Uint8Array =>
  field(2, ...dims.map((dim) => field(2, bytes(8), dim)));

suite("requests made by the Python stubs", () => {
  for (const { name, message, tensor } of golden.requests) {
    test(name, () => {
      for (let offset = 0; offset < 8; offset++) {
        const request = decodePredictRequest(placedAt(offset, base64(message)));
        assert.equal(request.model.name, "mnist");
        assert.equal(request.model.signatureName, "serving_default");
        const inputs = inputsOf(request);
        assert.deepEqual([...inputs.keys()], ["x"]);
        assert.deepEqual(contents(inputs.get("x")!), contents(goldenTensor(tensor)));
      }
    });
  }
});

suite("responses are byte for byte those of the Python stubs", () => {
  for (const { name, message, tensor, form } of golden.responses) {
    test(name, () => {
      const frame = encodePredictResponse(
        {
          id: { name: "mnist", version: 1234567890123n },
          signatureName: "serving_default",
          outputs: ["probabilities"],
          tensors: [goldenTensor(tensor)],
          dispose() {},
        },
        form,
      );
      const expected = base64(message);
      assert.equal(frame[0], 0);
      assert.equal(frame.readUInt32BE(1), expected.length);
      assert.equal(frame.toString("hex", PREFIX_LENGTH), Buffer.from(expected).toString("hex"));
    });
  }
});

suite("decoding", () => {
  test("an aligned tensor_content is a view of the message, an unaligned one a copy", () => {
    const message = requestOf(
      dtypeField(1),
      shapeField(bytes(2)),
      field(4, bytes(0, 0, 128, 63, 0, 0, 0, 64)),
    );
    const kinds = new Set<boolean>();
    for (let offset = 0; offset < 4; offset++) {
      const placed = placedAt(offset, message);
      const { data } = inputX(placed) as NumericTensor;
      assert.deepEqual([...data], [1, 2]);
      const aligned = (placed.byteOffset + placed.length - 8) % 4 === 0;
      assert.equal(data.buffer === placed.buffer, aligned);
      kinds.add(aligned);
    }
    assert.equal(kinds.size, 2);
  });

  test("values that aren't packed, and packed ones in pieces, add up", () => {
    const one = bytes(0x2d, 0, 0, 128, 63); // field 5, fixed32
    const two = field(5, bytes(0, 0, 0, 64));
    const tensor = inputX(requestOf(one, two, dtypeField(1), one, shapeField(bytes(4)))) as NumericTensor;
    assert.deepEqual([...tensor.data], [1, 2, 1, 1]);
    const ints = requestOf(bytes(0x38, 5), field(7, bytes(6, 7)), dtypeField(3), shapeField(bytes(3)));
    assert.deepEqual([...(inputX(ints) as NumericTensor).data], [5, 6, 7]);
  });

  test("a version, a label, and the last of both", () => {
    const specOf = (...fields: Uint8Array[]) =>
      decodePredictRequest(field(1, field(1, text("m")), ...fields)).model;
    const version = field(2, bytes(8, 0x96, 1));
    const label = field(4, text("stable"));
    assert.equal(specOf(version).version, 150n);
    assert.equal(specOf(version).label, undefined);
    assert.equal(specOf(field(2)).version, 0n);
    assert.equal(specOf(field(2, bytes(8, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1))).version, -1n);
    const labelled = specOf(version, label);
    assert.deepEqual([labelled.version, labelled.label], [undefined, "stable"]);
    const versioned = specOf(label, version);
    assert.deepEqual([versioned.version, versioned.label], [150n, undefined]);
  });

  test("the last of two entries with one key counts; a value in two parts is merged", () => {
    const entry = (...parts: Uint8Array[]) => field(2, field(1, text("x")), ...parts);
    const scalar = (value: number) => field(2, dtypeField(3), field(2), field(7, bytes(value)));
    const twice = Buffer.concat([modelSpec, entry(scalar(1)), entry(scalar(2))]);
    assert.deepEqual([...(inputX(twice) as NumericTensor).data], [2]);
    const inParts = Buffer.concat([modelSpec, entry(field(2, dtypeField(3)), field(2, field(7, bytes(9))))]);
    assert.deepEqual([...(inputX(inParts) as NumericTensor).data], [9]);
  });

  test("unknown fields are skipped, groups too", () => {
    const group = bytes(0xa3, 6, 0xa3, 6, 8, 1, 0xa4, 6, 0x15, 1, 2, 3, 4, 0xa4, 6);
    const request = Buffer.concat([
      group,
      field(1, group, field(1, text("m"))),
      field(
        2,
        group,
        field(1, text("x")),
        field(2, group, dtypeField(3), field(2, group), field(7, bytes(4))),
      ),
      field(3, text("y")),
      group,
    ]);
    assert.deepEqual([...(inputX(request) as NumericTensor).data], [4]);
    assert.deepEqual(decodePredictRequest(request).outputFilter, ["y"]);
  });

  test("names that are long or not ASCII", () => {
    const name = `modèle-${"長".repeat(40)}`;
    assert.equal(decodePredictRequest(field(1, field(1, text(name)))).model.name, name);
  });
});

suite("what can't be decoded", () => {
  const max64 = bytes(255, 255, 255, 255, 255, 255, 255, 255, 127);
  const minus1 = bytes(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);
  const cases: [string, Uint8Array, Code, RegExp][] = [
    ["no model", bytes(), Code.INVALID_ARGUMENT, /^Missing ModelSpec$/],
    ["a model without name", field(1), Code.INVALID_ARGUMENT, /^ModelSpec has no name specified\.$/],
    [
      "a truncated field",
      modelSpec.subarray(0, 4),
      Code.INVALID_ARGUMENT,
      /^Malformed tensorflow\.serving\.PredictRequest: truncated field at byte 2$/,
    ],
    ["a truncated varint", bytes(8, 0x80), Code.INVALID_ARGUMENT, /truncated varint/],
    [
      "a varint without end",
      bytes(8, ...Array(11).fill(0x80)),
      Code.INVALID_ARGUMENT,
      /longer than 10 bytes/,
    ],
    ["field number 0", bytes(2, 0), Code.INVALID_ARGUMENT, /invalid field number/],
    ["a wire type that isn't", bytes(0x0f), Code.INVALID_ARGUMENT, /invalid wire type 7/],
    ["an end of a group that never began", bytes(0x0c), Code.INVALID_ARGUMENT, /invalid wire type 4/],
    ["a group that is not closed", bytes(0xa3, 6), Code.INVALID_ARGUMENT, /truncated group/],
    [
      "a group closed by another's end",
      bytes(0xa3, 6, 0xac, 6),
      Code.INVALID_ARGUMENT,
      /unmatched end of group/,
    ],
    ["groups without end", new Uint8Array(10000).fill(0x0b), Code.INVALID_ARGUMENT, /nested too deeply/],
    ["a name that isn't UTF-8", field(1, field(1, bytes(0xff))), Code.INVALID_ARGUMENT, /not valid UTF-8/],
    ["no dtype", requestOf(), Code.INVALID_ARGUMENT, /^values of type 0 can't be sent/],
    [
      "a resource",
      requestOf(dtypeField(20)),
      Code.INVALID_ARGUMENT,
      /values of type DT_RESOURCE can't be sent/,
    ],
    ["a reference type", requestOf(dtypeField(101)), Code.INVALID_ARGUMENT, /can't be sent/],
    [
      "an unknown rank",
      requestOf(dtypeField(1), field(2, bytes(24, 1))),
      Code.INVALID_ARGUMENT,
      /unknown rank/,
    ],
    [
      "a dimension of -1",
      requestOf(dtypeField(1), shapeField(minus1)),
      Code.INVALID_ARGUMENT,
      /negative dimension/,
    ],
    [
      "a shape beyond all memory",
      requestOf(dtypeField(1), shapeField(max64, max64)),
      Code.INVALID_ARGUMENT,
      /more elements than/,
    ],
    [
      "too many dimensions",
      requestOf(dtypeField(1), shapeField(...Array(255).fill(bytes(1)))),
      Code.INVALID_ARGUMENT,
      /more than 254 dimensions/,
    ],
    [
      "content of another length",
      requestOf(dtypeField(1), shapeField(bytes(2)), field(4, bytes(1, 2, 3))),
      Code.INVALID_ARGUMENT,
      /^tensor_content has 3 bytes, DT_FLOAT of shape \[2\] needs 8$/,
    ],
    [
      "half a float",
      requestOf(dtypeField(1), shapeField(bytes(2)), field(5, bytes(1, 2, 3))),
      Code.INVALID_ARGUMENT,
      /packed field of broken length/,
    ],
    [
      "a truncated packed varint",
      requestOf(dtypeField(3), shapeField(bytes(2)), field(7, bytes(1, 0x80))),
      Code.INVALID_ARGUMENT,
      /truncated varint/,
    ],
    [
      "truncated strings in tensor_content",
      requestOf(dtypeField(7), shapeField(bytes(2)), field(4, bytes(1, 2, 65))),
      Code.INVALID_ARGUMENT,
      /truncated string/,
    ],
    [
      "surplus bytes after strings in tensor_content",
      requestOf(dtypeField(7), shapeField(bytes(1)), field(4, bytes(1, 65, 66))),
      Code.INVALID_ARGUMENT,
      /surplus bytes/,
    ],
    [
      "a few bytes that ask for gigabytes",
      requestOf(dtypeField(1), shapeField(bytes(0x80, 0x80, 0x80, 0x80, 8)), field(5, bytes(0, 0, 0, 0))),
      Code.RESOURCE_EXHAUSTED,
      /fill shape \[2147483648\] takes 8589934588 bytes/,
    ],
    [
      "a few bytes that ask for strings",
      requestOf(dtypeField(7), shapeField(bytes(0x80, 0x80, 0x80, 0x80, 8))),
      Code.RESOURCE_EXHAUSTED,
      /fill shape/,
    ],
  ];
  for (const [name, message, code, expected] of cases) {
    test(name, () => {
      assert.throws(
        () => inputsOf(decodePredictRequest(message)),
        (error) => {
          assert.ok(error instanceof StatusError, String(error));
          assert.equal(error.code, code);
          // Clients get TensorFlow Serving's text, the log says more.
          const isTensor = error.message === "tensor parsing error: x";
          assert.match(isTensor ? (error.cause as Error).message : error.message, expected);
          return true;
        },
      );
    });
  }

  test("many inputs that are filled up share one allowance", () => {
    const mebibytes = bytes(0x80, 0x80, 0x80, 8); // 2^24 bytes
    const entry = (key: string) =>
      field(2, field(1, text(key)), field(2, dtypeField(4), shapeField(mebibytes), field(7, bytes(1))));
    const entries = Array.from({ length: DEFAULT_REQUEST_LIMITS.fillBytes / 2 ** 24 + 1 }, (_, i) =>
      entry(`x${i}`),
    );
    const inputs = (n: number) =>
      inputsOf(decodePredictRequest(Buffer.concat([modelSpec, ...entries.slice(0, n)])));
    assert.equal(inputs(entries.length - 1).size, entries.length - 1);
    assert.throws(() => inputs(entries.length), { code: Code.RESOURCE_EXHAUSTED });
  });

  test("every truncation of a request is an error or a request without what was cut", () => {
    const whole = base64(golden.requests.find(({ name }) => name === "int64 typed")!.message);
    for (let length = 0; length < whole.length; length++) {
      try {
        const x = inputsOf(decodePredictRequest(whole.subarray(0, length))).get("x");
        assert.equal(x, undefined, `cut to ${length} bytes`);
      } catch (error) {
        assert.ok(error instanceof StatusError, String(error));
        assert.equal(error.code, Code.INVALID_ARGUMENT);
      }
    }
  });
});

test("a response larger than 2 GB is refused before it is allocated", () => {
  // A view that repeats nothing but claims to be large: only its length is looked at.
  const huge = { dtype: "uint8", shape: [2 ** 31], data: new Uint8Array(2 ** 31) } as const;
  assert.equal(dtypeInfo("uint8").size, 1);
  assert.throws(
    () =>
      encodePredictResponse(
        {
          id: { name: "m", version: 1n },
          signatureName: "s",
          outputs: ["y"],
          tensors: [huge],
          dispose() {},
        },
        "content",
      ),
    { code: Code.RESOURCE_EXHAUSTED, message: /larger than 2147483647/ },
  );
});
