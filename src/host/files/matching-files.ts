import { invalidArgument } from "../../status/status.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { StringTensor } from "../../tensor/tensor.ts";
import type { HostFamily } from "../host-op.ts";
import { exists, isFolder, localPath, namesIn } from "./local-files.ts";
import { type NameTest, wildcard } from "./wildcards.ts";

const bytesOf = (text: string): Buffer => Buffer.from(text, "latin1");

/** The paths that match, as the pattern is written: with or without `file://`, relative or absolute. One char per byte. */
function matching(pattern: string): readonly string[] {
  const path = localPath(bytesOf(pattern)).toString("latin1");
  const scheme = pattern.slice(0, pattern.length - path.length);
  const special = path.search(/[*?[\\]/);
  if (special < 0) return exists(bytesOf(path)) ? [pattern] : [];
  const slash = path.lastIndexOf("/", special);
  const folder = slash < 0 ? "." : path.slice(0, Math.max(slash, 1));
  // TensorFlow joins it and what it finds there with one slash, which then isn't what the pattern says.
  if (folder.length > 1 && folder.endsWith("/")) return [];
  const names = path
    .slice(slash + 1)
    .split("/")
    .filter((name) => name !== "");
  return names
    .reduce(
      (folders, name, i) => {
        const isMatch = wildcard(name);
        const isLast = i === names.length - 1;
        return folders.flatMap((parent) => matchesIn(parent, isMatch, isLast));
      },
      [folder] as readonly string[],
    )
    .map((found) => scheme + found);
}

function matchesIn(folder: string, isMatch: NameTest, takesFiles: boolean): string[] {
  const start = folder.endsWith("/") ? folder : `${folder}/`;
  return namesIn(bytesOf(folder))
    .map((name) => name.toString("latin1"))
    .filter(isMatch)
    .map((name) => start + name)
    .filter((path) => takesFiles || isFolder(bytesOf(path)));
}

export const matchingFiles: HostFamily = {
  MatchingFiles: {
    shapes: () => [[-1]],
    compile:
      () =>
      ([patterns]) => {
        const { shape, data } = patterns as StringTensor;
        if (shape.length > 1) {
          throw invalidArgument(
            `Input patterns tensor must be scalar or vector, but had shape: ${formatShape(shape)}`,
          );
        }
        const found = data.flatMap((pattern) => matching(Buffer.from(pattern).toString("latin1"))).sort();
        return [{ dtype: "string", shape: [found.length], data: found.map(bytesOf) }];
      },
  },
};
