import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { StringTensor, Tensor } from "../../tensor/tensor.ts";
import type { HostFamily } from "../host-op.ts";
import { exists, folderOf, localPath, makeFolders, readWhole, writeWhole } from "./local-files.ts";

function only(tensor: Tensor | undefined, what: string): Uint8Array {
  const { shape, data } = tensor as StringTensor;
  if (shape.length > 0) {
    throw invalidArgument(`${what} tensor must be scalar, but had shape: ${formatShape(shape)}`);
  }
  return data[0]!;
}

function read(filename: Uint8Array): StringTensor {
  return { dtype: "string", shape: [], data: [readWhole(localPath(filename), filename)] };
}

function write(filename: Uint8Array, contents: Uint8Array): void {
  const path = localPath(filename);
  const folder = folderOf(path);
  if (!exists(folder)) makeFolders(folder);
  writeWhole(path, filename, contents);
}

export const wholeFiles: HostFamily = {
  ReadFile: {
    shapes: () => [[]],
    compile:
      () =>
      ([filename]) => [read(only(filename, "Input filename"))],
  },
  WriteFile: {
    shapes: () => [],
    compile:
      () =>
      ([filename, contents]) => {
        write(only(filename, "Input filename"), only(contents, "Contents"));
        return [];
      },
  },
};
