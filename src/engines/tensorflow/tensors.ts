import koffi from "koffi";
import { internal, invalidArgument, resourceExhausted } from "../../status/status.ts";
import { dtypeInfo, dtypeOfNumber, type NumericArray } from "../../tensor/dtype.ts";
import { elementCount, formatShape, MAX_RANK } from "../../tensor/shape.ts";
import type { NumericTensor, StringTensor, Tensor } from "../../tensor/tensor.ts";
import { writeDims } from "../native-dims.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { createStrings, readStrings } from "./tstring.ts";

/**
 * A TF_Tensor with a copy of the tensor, which the caller deletes. A copy, since a model may keep what it is fed (an
 * assignment to a variable doesn't copy), and since TensorFlow would copy memory itself that isn't aligned to 64 bytes.
 * @param name of the input, for messages.
 * @throws StatusError INVALID_ARGUMENT or RESOURCE_EXHAUSTED.
 */
export function createTensor(binding: Binding, tensor: Tensor, name: string): Pointer {
  const { shape } = tensor;
  if (shape.length > MAX_RANK) {
    throw invalidArgument(`Input '${name}' has rank ${shape.length}; the highest supported is ${MAX_RANK}`);
  }
  // C would read past the end of what is too short.
  const values = elementCount(shape) * dtypeInfo(tensor.dtype).lanes;
  if (tensor.data.length !== values) {
    throw invalidArgument(
      `Input '${name}' of shape ${formatShape(shape)} needs ${values} values, got ${tensor.data.length}`,
    );
  }
  writeDims(binding.dims, shape);
  const created =
    tensor.dtype === "string"
      ? createStringTensor(binding, tensor)
      : createNumericTensor(binding, tensor as NumericTensor);
  if (created !== null) return created;
  throw resourceExhausted(
    `TensorFlow made no tensor for the input '${name}', ${tensor.dtype} ${formatShape(shape)} with ` +
      `${tensor.data.length} values`,
  );
}

function createNumericTensor(
  { api, memcpy, dims }: Binding,
  { dtype, shape, data }: NumericTensor,
): Pointer | null {
  const bytes = data.byteLength;
  const created = api.TF_AllocateTensor(dtypeInfo(dtype).number, dims, shape.length, bytes);
  if (created !== null && bytes > 0) memcpy(api.TF_TensorData(created), data, bytes);
  return created;
}

function createStringTensor(binding: Binding, { shape, data }: StringTensor): Pointer | null {
  const { api, free, freeAddress, dims } = binding;
  const { address, bytes } = createStrings(binding, data);
  const type = dtypeInfo("string").number;
  const created = api.TF_NewTensor(type, dims, shape.length, address, bytes, freeAddress, null);
  if (created === null) free(address);
  return created;
}

/**
 * Outputs up to this many bytes are copied out of native memory, which is then freed at once: a copy of 16 KiB takes less
 * than a view of native memory and its end.
 */
const COPY_BYTES = 16 << 10;

/** A tensor of ours, and what keeps it: nothing, if it is a copy. */
export interface ReadTensor {
  readonly tensor: Tensor;
  /** What `tensor` is a view of; the reader deletes the TF_Tensor after it. */
  readonly view?: ArrayBuffer;
}

/**
 * Reads a TF_Tensor, which stays the caller's.
 * @param name of the output, for messages.
 * @throws StatusError INTERNAL for a type that requests can't have.
 */
export function readTensor(binding: Binding, native: Pointer, name: string): ReadTensor {
  const { api, memcpy } = binding;
  const dtype = dtypeOfNumber(api.TF_TensorType(native));
  const rank = api.TF_NumDims(native);
  const shape: number[] = [];
  let elements = 1;
  for (let axis = 0; axis < rank; axis++) {
    const size = Number(api.TF_Dim(native, axis));
    shape.push(size);
    elements *= size;
  }
  const address = elements === 0 ? 0n : api.TF_TensorData(native)!;
  if (dtype === "string") return { tensor: { dtype, shape, data: readStrings(binding, address, elements) } };
  const { array, lanes, size } = dtypeInfo(dtype ?? "variant");
  if (dtype === undefined || array === undefined) {
    throw internal(`Output '${name}' is ${dtype ?? "of an unknown type"}, which can't be sent`);
  }
  const numeric = dtype as NumericTensor["dtype"];
  const bytes = elements * size;
  if (bytes <= COPY_BYTES) {
    const data: NumericArray = new array(elements * lanes);
    if (bytes > 0) memcpy(data, address, bytes);
    return { tensor: { dtype: numeric, shape, data } };
  }
  // As to the threads that this may happen in, see the caution in ../onnxruntime/result.ts.
  const view = koffi.view(address, bytes);
  return { tensor: { dtype: numeric, shape, data: new array(view) }, view };
}
