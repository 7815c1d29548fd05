import { invalidArgument } from "../../status/status.ts";
import { Wire, type WireReader } from "./wire-reader.ts";

// Field numbers: tensorflow_serving/apis/model.proto.
export const SPEC_NAME = 1;
export const SPEC_VERSION = 2;
export const SPEC_SIGNATURE_NAME = 3;
export const SPEC_VERSION_LABEL = 4;

/** The tag of a length-delimited field. */
export const bytesTag = (field: number): number => (field << 3) | Wire.BYTES;

/** A tensorflow.serving.ModelSpec while it is read. */
export interface MutableSpec {
  present: boolean;
  name: string;
  signatureName: string;
  version: bigint | undefined;
  label: string | undefined;
}

/** Reads the message that the reader is narrowed to; what a later one says goes over an earlier one. */
export function readModelSpec(reader: WireReader, spec: MutableSpec): void {
  spec.present = true;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === bytesTag(SPEC_NAME)) {
      spec.name = reader.string();
    } else if (tag === bytesTag(SPEC_SIGNATURE_NAME)) {
      spec.signatureName = reader.string();
    } else if (tag === bytesTag(SPEC_VERSION)) {
      const outer = reader.enter();
      spec.version = readInt64Value(reader, spec.version ?? 0n);
      spec.label = undefined;
      reader.leave(outer);
    } else if (tag === bytesTag(SPEC_VERSION_LABEL)) {
      spec.label = reader.string();
      spec.version = undefined;
    } else {
      reader.skip(tag);
    }
  }
}

/** google.protobuf.Int64Value: `value` is field 1. */
function readInt64Value(reader: WireReader, initial: bigint): bigint {
  let value = initial;
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === ((1 << 3) | Wire.VARINT)) value = reader.int64();
    else reader.skip(tag);
  }
  return value;
}

export function emptySpec(): MutableSpec {
  return { present: false, name: "", signatureName: "", version: undefined, label: undefined };
}

/** @throws StatusError INVALID_ARGUMENT for a request that names no model. */
export function checkSpec({ present, name }: MutableSpec): void {
  if (!present) throw invalidArgument("Missing ModelSpec");
  if (name === "") throw invalidArgument("ModelSpec has no name specified.");
}
