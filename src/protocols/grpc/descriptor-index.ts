import { type DescEnum, type DescFile, type DescMessage, toBinary } from "@bufbuild/protobuf";
import { FileDescriptorProtoSchema } from "@bufbuild/protobuf/wkt";

/** Finds files of definitions by what is in them. Nothing of ours has extensions. */
export class DescriptorIndex {
  readonly #files = new Map<string, DescFile>();
  /** Full names of services, methods, messages, fields, enums and their values. */
  readonly #symbols = new Map<string, DescFile>();
  readonly #messages = new Set<string>();

  /** @param files with what they import. */
  constructor(files: Iterable<DescFile>) {
    for (const file of files) this.#add(file);
  }

  /** @param name the path by which it is imported, e.g. `tensorflow/core/framework/tensor.proto`. */
  file(name: string): DescFile | undefined {
    return this.#files.get(name);
  }

  /** The file that defines it. */
  fileOf(symbol: string): DescFile | undefined {
    return this.#symbols.get(symbol);
  }

  isMessage(name: string): boolean {
    return this.#messages.has(name);
  }

  #add(file: DescFile): void {
    const name = file.proto.name;
    if (this.#files.has(name)) return;
    this.#files.set(name, file);
    for (const message of file.messages) this.#addMessage(message, file);
    for (const each of file.enums) this.#addEnum(each, file);
    for (const service of file.services) {
      this.#symbols.set(service.typeName, file);
      for (const method of service.methods) this.#symbols.set(`${service.typeName}.${method.name}`, file);
    }
    for (const imported of file.dependencies) this.#add(imported);
  }

  #addMessage(message: DescMessage, file: DescFile): void {
    this.#symbols.set(message.typeName, file);
    this.#messages.add(message.typeName);
    for (const { name } of message.fields) this.#symbols.set(`${message.typeName}.${name}`, file);
    for (const nested of message.nestedMessages) this.#addMessage(nested, file);
    for (const nested of message.nestedEnums) this.#addEnum(nested, file);
  }

  #addEnum(each: DescEnum, file: DescFile): void {
    this.#symbols.set(each.typeName, file);
    // Values belong to the scope around their enum.
    const scope = each.typeName.slice(0, each.typeName.lastIndexOf(".") + 1);
    for (const { name } of each.values) this.#symbols.set(scope + name, file);
  }
}

/** The file and, behind it, all that it needs, serialized as google.protobuf.FileDescriptorProto. */
export function serializedWithImports(file: DescFile): readonly Uint8Array[] {
  const found = new Set<DescFile>();
  const visit = (one: DescFile) => {
    if (found.has(one)) return;
    found.add(one);
    for (const imported of one.dependencies) visit(imported);
  };
  visit(file);
  return [...found].map((one) => toBinary(FileDescriptorProtoSchema, one.proto));
}
