import { mergeBundles } from "../../formats/saved-model/bundle-merge.ts";
import { bundleFiles, type SavedTensor } from "../../formats/saved-model/bundle-writer.ts";
import { indexFile, shardFile, type TensorBundle } from "../../formats/saved-model/stored-bundle.ts";
import { openBundleNow } from "../../formats/saved-model/tensor-bundle.ts";
import { parseShapeAndSlice, wholeOf } from "../../formats/saved-model/tensor-slice.ts";
import { invalidArgument, notFound, unimplemented } from "../../status/status.ts";
import { type DType, dataTypeString, dtypeInfo } from "../../tensor/dtype.ts";
import { elementCount, formatShape, type PartialShape, sameShape } from "../../tensor/shape.ts";
import { bytesOf, type NumericTensor, type StringTensor, type Tensor } from "../../tensor/tensor.ts";
import type { HostFamily, KnownInput } from "../host-op.ts";
import {
  blockingFiles,
  exists,
  folderOf,
  localPath,
  makeFolder,
  move,
  removeEmptyFolder,
  removeFile,
  replaceFile,
} from "./local-files.ts";

/** What SaveV2 and RestoreV2 are given alike. */
interface Request {
  /** What the names of the checkpoint's files begin with. */
  readonly prefix: string;
  /** One char per byte. */
  readonly names: readonly string[];
  readonly slices: readonly string[];
}

const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

/** @param given says, behind the number of names, that there is another of these. */
function requestOf(
  inputs: readonly Tensor[],
  dtypes: readonly DType[],
  given: (count: number) => string,
): Request {
  const [prefix, names, slices] = inputs as [StringTensor, StringTensor, StringTensor];
  if (prefix.data.length !== 1) {
    throw invalidArgument(`Input prefix should have a single element, got ${prefix.data.length} instead.`);
  }
  if (names.shape.length !== 1 || slices.shape.length !== 1) {
    throw invalidArgument(
      "Input tensor_names and shape_and_slices should be an 1-D tensors, got " +
        `${formatShape(names.shape)} and ${formatShape(slices.shape)} instead.`,
    );
  }
  const [count, others] = [names.data.length, slices.data.length];
  if (count !== others) {
    throw invalidArgument(
      `tensor_names and shape_and_slices have different number of elements: ${count} vs. ${others}`,
    );
  }
  if (count !== dtypes.length) throw invalidArgument(`Got ${count} tensor names${given(dtypes.length)}.`);
  return {
    prefix: localPath(prefix.data[0]!).toString(),
    names: names.data.map((name) => Buffer.from(name).toString("latin1")),
    slices: slices.data.map(textOf),
  };
}

function save({ prefix, names, slices }: Request, tensors: readonly Tensor[]): void {
  const saved = tensors.map((tensor, i): SavedTensor => {
    const part = parseShapeAndSlice(slices[i]!);
    if (part !== undefined && !sameShape(part.slice.length, tensor.shape)) {
      throw invalidArgument(
        "Slice in shape_and_slice specification does not match the shape of the tensor to  save: " +
          `${slices[i]}, tensor: ${formatShape(tensor.shape)}`,
      );
    }
    return { name: names[i]!, tensor, part };
  });
  const { index, data } = bundleFiles(saved);
  makeFolder(folderOf(Buffer.from(prefix)));
  replaceFile(Buffer.from(shardFile(prefix, 0, 1)), data);
  replaceFile(Buffer.from(indexFile(prefix)), [index]);
}

function restore({ prefix, names, slices }: Request, dtypes: readonly DType[]): readonly Tensor[] {
  if (!exists(Buffer.from(indexFile(prefix)))) throw missingCheckpoint(prefix);
  const bundle = openBundleNow(blockingFiles, prefix);
  try {
    return names.map((name, i) =>
      readTensor(bundle, textOf(Buffer.from(name, "latin1")), slices[i]!, dtypes[i]!),
    );
  } finally {
    bundle.close();
  }
}

function missingCheckpoint(prefix: string): Error {
  if (exists(Buffer.from(prefix))) {
    return unimplemented(
      `${prefix} is no checkpoint of version 2, which has a file ${indexFile(prefix)}; those of version 1 aren't read`,
    );
  }
  return notFound(
    `Unsuccessful TensorSliceReader constructor: Failed to find any matching files for ${prefix}`,
  );
}

function readTensor(bundle: TensorBundle, name: string, shapeAndSlice: string, dtype: DType): Tensor {
  const entry = bundle.entry(name);
  if (entry === undefined) throw notFound(`Key ${name} not found in checkpoint`);
  if (entry.dtype !== dtype) {
    throw invalidArgument(
      `tensor_name = ${name}; expected dtype ${dataTypeString(dtype)} does not equal original dtype ` +
        dataTypeString(entry.dtype),
    );
  }
  const part = parseShapeAndSlice(shapeAndSlice);
  if (part !== undefined && !sameShape(part.shape, entry.shape)) {
    throw invalidArgument(
      `tensor_name = ${name}; shape in shape_and_slice spec ${formatShape(part.shape)} does not match the shape ` +
        `stored in checkpoint: ${formatShape(entry.shape)}`,
    );
  }
  const slice = part?.slice ?? wholeOf(entry.shape);
  const shape = slice.length;
  if (dtype === "string") return { dtype, shape, data: bundle.readStrings(name, slice) };
  const { array, lanes } = dtypeInfo(dtype);
  const tensor = { dtype, shape, data: new array!(elementCount(shape) * lanes) } as NumericTensor;
  bundle.readInto(name, bytesOf(tensor), slice);
  return tensor;
}

/** What a constant shape_and_slices says of each tensor. */
function restoredShapes(dtypes: readonly DType[], slices: KnownInput | undefined): readonly PartialShape[] {
  const known = slices?.constant?.data as readonly Uint8Array[] | undefined;
  return dtypes.map((_, i) => {
    try {
      return parseShapeAndSlice(known === undefined ? "" : textOf(known[i]!))?.slice.length;
    } catch {
      // The request that asks for it is told.
      return undefined;
    }
  });
}

function merge(inputs: readonly Tensor[], deletesFolders: boolean, mayBeMissing: boolean): void {
  const [prefixes, destination] = inputs as [StringTensor, StringTensor];
  if (prefixes.shape.length !== 1) {
    throw invalidArgument(
      `Input checkpoint_prefixes should be an 1-D tensor, got ${formatShape(prefixes.shape)} instead.`,
    );
  }
  if (destination.shape.length !== 0) {
    throw invalidArgument(
      `Input destination_prefix should be a scalar tensor, got ${formatShape(destination.shape)} instead.`,
    );
  }
  const target = localPath(destination.data[0]!).toString();
  const given = prefixes.data.map((prefix) => localPath(prefix).toString());
  const there = given.filter((prefix) => exists(Buffer.from(indexFile(prefix))));
  const missing = given.find((prefix) => !there.includes(prefix));
  if (missing !== undefined && !mayBeMissing) {
    throw invalidArgument(
      `allow_missing_files was set to false and ${missing} did not exist.NOT_FOUND: ${missing} not found`,
    );
  }
  if (there.length === 0) {
    throw invalidArgument("At least one prefix checkpoint file must exist, but none existed.");
  }
  const parts = there.map((prefix) => ({ prefix, index: blockingFiles.readFile(indexFile(prefix)) }));
  const { index, moves } = mergeBundles(parts, target);
  const folder = folderOf(Buffer.from(target));
  makeFolder(folder);
  for (const { from, to } of moves) move(Buffer.from(from), Buffer.from(to));
  replaceFile(Buffer.from(indexFile(target)), [index]);
  for (const prefix of there) if (prefix !== target) removeFile(Buffer.from(indexFile(prefix)));
  if (!deletesFolders) return;
  for (const prefix of there) {
    const old = folderOf(Buffer.from(prefix));
    if (!old.equals(folder)) removeEmptyFolder(old);
  }
}

/** Checkpoints of version 2, as the saver's ops write and read them. */
export const checkpoints: HostFamily = {
  SaveV2: {
    shapes: () => [],
    compile: (attrs) => {
      const dtypes = attrs.dtypes("dtypes");
      return (inputs) => {
        save(
          requestOf(inputs, dtypes, (count) => ` but ${count} tensors`),
          inputs.slice(3),
        );
        return [];
      };
    },
  },
  RestoreV2: {
    shapes: (attrs, [, , slices]) => restoredShapes(attrs.dtypes("dtypes"), slices),
    compile: (attrs) => {
      const dtypes = attrs.dtypes("dtypes");
      return (inputs) =>
        restore(
          requestOf(inputs, dtypes, (count) => `, but ${count} expected dtypes`),
          dtypes,
        );
    },
  },
  MergeV2Checkpoints: {
    shapes: () => [],
    compile: (attrs) => {
      const [deletesFolders, mayBeMissing] = [
        attrs.bool("delete_old_dirs"),
        attrs.bool("allow_missing_files"),
      ];
      return (inputs) => {
        merge(inputs, deletesFolders, mayBeMissing);
        return [];
      };
    },
  },
};
