import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument, resourceExhausted } from "../../status/status.ts";
import { dataTypeString } from "../../tensor/dtype.ts";
import { formatShape, isCompatible, type PartialShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { HostValue, KnownInput, ValueFamily, ValueKernel, VariantTensor } from "../host-op.ts";
import {
  integers,
  joinTensors,
  knownElementShape,
  listOf,
  listTensor,
  mergeShapes,
  owned,
  rowsOf,
  shapeOfInput,
  type TensorList,
  zeros,
} from "./tensor-list.ts";

/** The element shape that an input states, if it is a constant. */
function statedShape(inputs: readonly KnownInput[], index: number): PartialShape {
  return shapeOfInput(inputs[index]?.constant);
}

/** More elements than fit into memory in any case; a request may ask for any number. */
const MAX_ELEMENTS = 1 << 26;

function reservedItems(count: number): undefined[] {
  if (count > MAX_ELEMENTS) {
    throw resourceExhausted(`A list of ${count} elements was asked for; at most ${MAX_ELEMENTS} are allowed`);
  }
  return new Array<undefined>(Math.max(0, count)).fill(undefined);
}

const handle = (): readonly PartialShape[] => [[]];

/** Several elements of the shape that input `index` states. */
const elements =
  (index: number) =>
  (_: Attributes, inputs: readonly KnownInput[]): readonly PartialShape[] => {
    const shape = statedShape(inputs, index);
    return [shape && [-1, ...shape]];
  };

function at(list: TensorList, index: number): HostValue | undefined {
  if (index < 0 || index >= list.items.length) {
    throw invalidArgument(`Trying to access element ${index} in a list with ${list.items.length} elements.`);
  }
  return list.items[index];
}

/** An element, or zeros where none was set. */
function elementOr(list: TensorList, item: HostValue | undefined, asked: PartialShape): HostValue {
  if (item !== undefined) return item;
  const shape = knownElementShape(list, asked);
  if (shape === undefined || shape.some((dim) => dim < 0)) {
    throw invalidArgument(
      `Trying to read an uninitialized tensor but element_shape is not fully defined: ${formatShape(shape)} ` +
        `and no uninitialized tensors`,
    );
  }
  return zeros(list.elementDtype, shape);
}

function checkElement(list: TensorList, value: HostValue): void {
  if (value.dtype !== list.elementDtype) {
    throw invalidArgument(
      `Invalid data types; op elements ${value.dtype}, but list elements ${list.elementDtype}`,
    );
  }
  if (!isCompatible(value.shape, list.elementShape)) {
    throw invalidArgument(
      `Tried to set a tensor with incompatible shape at a list index. Item element shape: ${formatShape(value.shape)} ` +
        `list shape: ${formatShape(list.elementShape)}`,
    );
  }
}

function setItem(list: TensorList, index: number, value: HostValue, resize: boolean): TensorList {
  const { length } = list.items;
  if (index < 0 || (index >= length && !resize)) {
    throw invalidArgument(`Trying to modify element ${index} in a list with ${length} elements.`);
  }
  checkElement(list, value);
  const items = list.items.slice();
  while (items.length < index) items.push(undefined);
  items[index] = owned(value);
  return { ...list, items };
}

function stack(list: TensorList, indices: readonly number[], asked: PartialShape): Tensor {
  const parts = indices.map((index) => elementOr(list, at(list, index), asked) as Tensor);
  const shape = parts[0]?.shape ?? knownElementShape(list, asked);
  if (shape === undefined || shape.some((dim) => dim < 0)) {
    throw invalidArgument(
      `Tried to stack elements of an empty list with non-fully-defined element_shape: ${formatShape(shape)}`,
    );
  }
  const other = parts.find((part) => String(part.shape) !== String(shape));
  if (other !== undefined) {
    throw invalidArgument(
      `Tried to stack list which contains tensors of different shapes: ${formatShape(shape)} and ` +
        formatShape(other.shape),
    );
  }
  return joinTensors(list.elementDtype, [parts.length, ...shape], parts);
}

const reserve =
  (attrs: Attributes): ValueKernel =>
  ([shape, count]) => {
    const items = reservedItems(integers(count)[0] ?? 0);
    return [
      listTensor({ elementDtype: attrs.dtype("element_dtype"), elementShape: shapeOfInput(shape), items }),
    ];
  };

const empty =
  (attrs: Attributes): ValueKernel =>
  ([shape]) => [
    listTensor({ elementDtype: attrs.dtype("element_dtype"), elementShape: shapeOfInput(shape), items: [] }),
  ];

const fromTensor: ValueKernel = ([value, elementShape]) => {
  const tensor = value as Tensor;
  const [count, ...shape] = tensor.shape;
  if (count === undefined) throw invalidArgument("Tensor must be at least a vector, but saw shape: []");
  const items = Array.from({ length: count }, (_, i) => rowsOf(tensor, i, i + 1, shape));
  return [listTensor({ elementDtype: tensor.dtype, elementShape: shapeOfInput(elementShape), items })];
};

const concat: ValueKernel = ([input, elementShape]) => {
  const list = listOf(input);
  const asked = shapeOfInput(elementShape);
  const parts = list.items.map((item) => elementOr(list, item, asked) as Tensor);
  const lengths = parts.map((part) => part.shape[0] ?? 0);
  const rest = parts[0]?.shape.slice(1) ?? knownElementShape(list, asked)?.slice(1) ?? [];
  const rows = lengths.reduce((a, b) => a + b, 0);
  const result = {
    dtype: "int64",
    shape: [lengths.length],
    data: BigInt64Array.from(lengths, BigInt),
  } as const;
  return [joinTensors(list.elementDtype, [rows, ...rest], parts), result];
};

const split: ValueKernel = ([value, elementShape, lengths]) => {
  const tensor = value as Tensor;
  const rest = tensor.shape.slice(1);
  let row = 0;
  const items = integers(lengths).map((length) => {
    row += length;
    return rowsOf(tensor, row - length, row, [length, ...rest]);
  });
  if (row !== tensor.shape[0]) {
    throw invalidArgument(`Attempted to split ${tensor.shape[0]} rows into lists of ${row} rows`);
  }
  return [listTensor({ elementDtype: tensor.dtype, elementShape: shapeOfInput(elementShape), items })];
};

function scatter(list: TensorList, value: Tensor, indices: readonly number[]): TensorList {
  const items = list.items.slice();
  for (const [i, index] of indices.entries()) {
    while (items.length <= index) items.push(undefined);
    items[index] = rowsOf(value, i, i + 1, value.shape.slice(1));
  }
  return { ...list, items };
}

const scatterNew: ValueKernel = ([value, indices, elementShape, count]) => {
  const tensor = value as Tensor;
  const items = reservedItems(integers(count)[0] ?? 0);
  const list = { elementDtype: tensor.dtype, elementShape: shapeOfInput(elementShape), items };
  return [listTensor(scatter(list, tensor, integers(indices)))];
};

const popBack: ValueKernel = ([input, elementShape]) => {
  const list = listOf(input);
  if (list.items.length === 0) throw invalidArgument("Trying to pop from an empty list.");
  const rest = { ...list, items: list.items.slice(0, -1) };
  return [listTensor(rest), elementOr(list, list.items.at(-1), shapeOfInput(elementShape))];
};

const elementShapeOf =
  (attrs: Attributes): ValueKernel =>
  ([input]) => {
    const { elementShape } = listOf(input);
    const dims = elementShape ?? [-1];
    const shape = elementShape === undefined ? [] : [dims.length];
    return attrs.dtype("shape_type") === "int64"
      ? [{ dtype: "int64", shape, data: BigInt64Array.from(dims, BigInt) }]
      : [{ dtype: "int32", shape, data: Int32Array.from(dims) }];
  };

const resize: ValueKernel = ([input, size]) => {
  const list = listOf(input);
  const length = integers(size)[0] ?? 0;
  if (length < 0) throw invalidArgument(`TensorListSlice expects size to be non-negative. Got: ${length}`);
  const items = reservedItems(length).map((_, i) => list.items[i]);
  return [listTensor({ ...list, items })];
};

/** Tensors of lists, which must be as many as each other. */
const concatLists =
  (attrs: Attributes): ValueKernel =>
  ([a, b]) => {
    const dtype = attrs.dtype("element_dtype");
    if (String(a!.shape) !== String(b!.shape)) {
      throw invalidArgument(
        `input_a and input_b must have same shape: ${formatShape(a!.shape)} vs. ${formatShape(b!.shape)}`,
      );
    }
    const lists = (value: HostValue, name: string): TensorList[] =>
      (value as VariantTensor).data.map((held, i) => {
        const list = listOf({ dtype: "variant", shape: [], data: [held] });
        if (list.elementDtype === dtype) return list;
        throw invalidArgument(
          `${name}[${i}].dtype != element_dtype.  Saw: ${dataTypeString(list.elementDtype)} vs. ${dataTypeString(dtype)}`,
        );
      });
    const others = lists(b!, "input_b");
    const joined = lists(a!, "input_a").map((list, i): TensorList => {
      const elementShape = mergeShapes(list.elementShape, others[i]!.elementShape);
      return { ...list, elementShape, items: [...list.items, ...others[i]!.items] };
    });
    return [{ dtype: "variant", shape: a!.shape, data: joined }];
  };

/** One row of the tensor to each list of a tensor of lists. */
const pushBackBatch: ValueKernel = ([handles, value]) => {
  const tensor = value as Tensor;
  const { data } = handles as VariantTensor;
  const [rows, ...shape] = tensor.shape;
  if (rows === undefined) throw invalidArgument("Expected tensor to be at least a vector, but saw shape: []");
  if (rows !== data.length) {
    throw invalidArgument(
      `Expected tensor.shape[0] == input_handles.size, but saw ${rows} vs. ${data.length}`,
    );
  }
  const lists = data.map((held, i) => {
    const list = listOf({ dtype: "variant", shape: [], data: [held] });
    const row = rowsOf(tensor, i, i + 1, shape);
    checkElement(list, row);
    return { ...list, items: [...list.items, row] };
  });
  return [{ dtype: "variant", shape: handles!.shape, data: lists }];
};

/** TensorFlow's TensorList ops (list_kernels.cc), by copying lists of references on each change. */
export const tensorLists: ValueFamily = {
  TensorListReserve: { shapes: handle, compile: reserve },
  EmptyTensorList: { shapes: handle, compile: empty },
  TensorListFromTensor: { shapes: handle, compile: () => fromTensor },
  TensorListSetItem: {
    shapes: handle,
    compile: (attrs) => {
      const canResize = attrs.bool("resize_if_index_out_of_bounds");
      return ([list, index, value]) => [
        listTensor(setItem(listOf(list), integers(index)[0]!, value!, canResize)),
      ];
    },
  },
  TensorListGetItem: {
    shapes: (_, inputs) => [statedShape(inputs, 2)],
    compile: () => (inputs) => {
      const list = listOf(inputs[0]);
      return [elementOr(list, at(list, integers(inputs[1])[0]!), shapeOfInput(inputs[2]))];
    },
  },
  TensorListStack: {
    shapes: elements(1),
    compile: (attrs) => {
      const expected = attrs.int("num_elements");
      return ([input, elementShape]) => {
        const list = listOf(input);
        if (expected >= 0 && list.items.length !== expected) {
          throw invalidArgument(
            `Operation expected a list with ${expected} elements but got a list with ${list.items.length} elements.`,
          );
        }
        return [stack(list, [...list.items.keys()], shapeOfInput(elementShape))];
      };
    },
  },
  TensorListGather: {
    shapes: elements(2),
    compile:
      () =>
      ([list, indices, elementShape]) => [stack(listOf(list), integers(indices), shapeOfInput(elementShape))],
  },
  TensorListLength: {
    shapes: () => [[]],
    compile:
      () =>
      ([list]) => [{ dtype: "int32", shape: [], data: Int32Array.of(listOf(list).items.length) }],
  },
  TensorListPushBack: {
    shapes: handle,
    compile:
      () =>
      ([input, value]) => {
        const list = listOf(input);
        checkElement(list, value!);
        return [listTensor({ ...list, items: [...list.items, owned(value!)] })];
      },
  },
  TensorListPopBack: { shapes: (_, inputs) => [[], statedShape(inputs, 1)], compile: () => popBack },
  TensorListConcat: {
    shapes: () => [undefined, [-1]],
    compile:
      () =>
      ([list]) =>
        concat([list!]),
  },
  TensorListConcatV2: { shapes: (_, inputs) => [concatShape(inputs), [-1]], compile: () => concat },
  TensorListSplit: { shapes: handle, compile: () => split },
  TensorListScatter: {
    shapes: handle,
    compile:
      () =>
      ([value, indices, shape]) =>
        scatterNew([value!, indices!, shape!]),
  },
  TensorListScatterV2: { shapes: handle, compile: () => scatterNew },
  TensorListScatterIntoExistingList: {
    shapes: handle,
    compile:
      () =>
      ([list, value, indices]) => [listTensor(scatter(listOf(list), value as Tensor, integers(indices)))],
  },
  TensorListConcatLists: { shapes: (_, [a]) => [a!.shape], compile: concatLists },
  TensorListPushBackBatch: { shapes: (_, [handles]) => [handles!.shape], compile: () => pushBackBatch },
  TensorListElementShape: { shapes: () => [undefined], compile: elementShapeOf },
  TensorListResize: { shapes: handle, compile: () => resize },
};

function concatShape(inputs: readonly KnownInput[]): PartialShape {
  const shape = statedShape(inputs, 1);
  return shape && [-1, ...shape.slice(1)];
}
