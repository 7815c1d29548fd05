import { readFile } from "node:fs/promises";
import type { DescMessage, MessageShape, Registry } from "@bufbuild/protobuf";
import { fromText } from "@bufbuild/protobuf/txtpb";
import { invalidArgument, notFound } from "../status/status.ts";

/**
 * Reads a message that is written in protobuf's text format.
 * @param registry of the messages that an Any in it may hold.
 * @throws StatusError NOT_FOUND if there is no such file; INVALID_ARGUMENT, whose text begins as TensorFlow Serving's
 * does, for a file that can't be read or isn't such a message.
 */
export async function readTextProto<Desc extends DescMessage>(
  schema: Desc,
  path: string,
  registry?: Registry,
): Promise<MessageShape<Desc>> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === "ENOENT") throw notFound(`${path}; No such file or directory`);
    throw invalidArgument(`${path}: ${message}`);
  }
  return parseTextProto(schema, text, path, registry);
}

/**
 * @param path for the message of the error.
 * @param registry of the messages that an Any in it may hold.
 * @throws StatusError INVALID_ARGUMENT.
 */
export function parseTextProto<Desc extends DescMessage>(
  schema: Desc,
  text: string,
  path: string,
  registry?: Registry,
): MessageShape<Desc> {
  try {
    return fromText(schema, text, registry && { registry });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw invalidArgument(
      `Invalid protobuf file: '${path}': Error parsing text-format ${schema.typeName}: ${reason}`,
    );
  }
}
