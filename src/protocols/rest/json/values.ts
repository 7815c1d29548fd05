import { invalidArgument } from "../../../status/status.ts";
import { decodeBase64 } from "./base64.ts";
import { type Json, JsonObject } from "./document.ts";
import { printJson } from "./print.ts";

/** What RapidJSON calls a value's type. */
export function jsonType(value: Json): string {
  if (value === null) return "Null";
  if (value === true) return "True";
  if (value === false) return "False";
  if (value instanceof Uint8Array) return "String";
  if (Array.isArray(value)) return "Array";
  return value instanceof JsonObject ? "Object" : "Number";
}

/** An object whose only member is a string named `b64`. */
export function isBase64(value: JsonObject): boolean {
  return value.keys.length === 1 && value.get("b64") instanceof Uint8Array;
}

/** @throws StatusError INVALID_ARGUMENT for an object that isn't one of base64 data. */
export function base64Of(value: JsonObject): Uint8Array {
  if (!isBase64(value)) {
    throw invalidArgument(`JSON Value: ${printJson(value)} not formatted correctly for base64 data`);
  }
  const decoded = decodeBase64(value.get("b64") as Uint8Array);
  if (decoded === undefined) throw invalidArgument("Unable to base64 decode");
  return decoded;
}
