import assert from "node:assert/strict";
import { it } from "node:test";
import { Code, invalidArgument, StatusError } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { runError } from "./run-errors.ts";

const failed = (node: string, said: string) =>
  invalidArgument(
    `Non-zero status code returned while running X node. Name:'${node}' Status Message: ${said}`,
  );
const ids: Tensor = { dtype: "int64", shape: [2, 2], data: BigInt64Array.of(1n, 2n, 9n, -1n) };

function textOf(error: unknown, inputs: readonly Tensor[] = []): string {
  const status = runError(error, inputs);
  assert.ok(status instanceof StatusError);
  assert.equal(status.code, Code.INVALID_ARGUMENT);
  return status.message;
}

const bounds = (index: bigint) =>
  failed(
    "lookup/Gather_2",
    `indices element out of data bounds, idx=${index} must be within the inclusive range [-5,4]`,
  );

it("says which index is out of range as TensorFlow does", () => {
  assert.equal(textOf(bounds(9n), [ids]), "indices[1,0] = 9 is not in [0, 5)\n\t [[{{node lookup}}]]");
  assert.equal(
    textOf(bounds(-1n - 2n ** 62n), [ids]),
    "indices[1,1] = -1 is not in [0, 5)\n\t [[{{node lookup}}]]",
  );
  assert.equal(textOf(bounds(-1n - 2n ** 30n)), "indices = -1 is not in [0, 5)\n\t [[{{node lookup}}]]");
});

it("says what can't be reshaped as TensorFlow does", () => {
  const said = (shape: string) =>
    textOf(
      failed(
        "r/Reshape_1",
        `The input tensor cannot be reshaped to the requested shape. Input shape:{2,3}, ${shape}`,
      ),
    );
  const start = "Input to reshape is a tensor with 6 values, but the requested shape";
  assert.equal(said("requested shape:{-1,8,8}"), `${start} requires a multiple of 64\n\t [[{{node r}}]]`);
  assert.equal(said("requested shape:{2,64}"), `${start} has 128\n\t [[{{node r}}]]`);
});

it("leaves out where the engine's source found the error", () => {
  assert.equal(
    textOf(failed("a/b/MatMul/MatMul_0", "matmul_helper.h:59 Compute MatMul dimension mismatch")),
    "MatMul dimension mismatch\n\t [[{{node a/b/MatMul}}]]",
  );
  const place =
    "/src/core/reshape_helper.h:84 Helper(const Shape&, bool) size != 0 && (a % b) == 0 was false. ";
  assert.equal(
    textOf(failed("r/Reshape_3_nchwc", `${place}The input can't be reshaped`)),
    "The input can't be reshaped\n\t [[{{node r}}]]",
  );
});

it("leaves other errors alone", () => {
  const other = invalidArgument("Got invalid dimensions");
  assert.equal(runError(other, []), other);
  const bug = new TypeError("a bug");
  assert.equal(runError(bug, []), bug);
});
