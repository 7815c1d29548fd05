import type { Attributes } from "../../../registry/attributes.ts";
import { invalidArgument } from "../../../status/status.ts";
import type { HostFamily, HostOp } from "../../host-op.ts";
import { eachString } from "../each-string.ts";
import { isAscii, textOfUtf8, utf8OfText } from "../utf8.ts";

const UPPER_A = 0x41;
const LOWER_A = 0x61;
const LETTERS = 26;
const CASE_BIT = 0x20;

/** The bytes with the 26 ASCII letters from `first` on in their other case. */
function otherCase(bytes: Uint8Array, first: number): Uint8Array {
  const out = new Uint8Array(bytes.length);
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]!;
    out[i] = byte >= first && byte < first + LETTERS ? byte ^ CASE_BIT : byte;
  }
  return out;
}

function caseOp(firstLetter: number, convert: (text: string) => string): HostOp {
  return eachString((attrs) => {
    if (!isUtf8(attrs)) return (bytes) => otherCase(bytes, firstLetter);
    return (bytes) => {
      const text = upToNul(bytes);
      return isAscii(text) ? otherCase(text, firstLetter) : utf8OfText(convert(textOfUtf8(text)));
    };
  });
}

/** TensorFlow hands the text to ICU as a C string. */
function upToNul(bytes: Uint8Array): Uint8Array {
  const end = bytes.indexOf(0);
  return end < 0 ? bytes : bytes.subarray(0, end);
}

function isUtf8(attrs: Attributes): boolean {
  const encoding = attrs.string("encoding");
  if (encoding !== "" && encoding !== "utf-8") {
    throw invalidArgument(`only utf-8 or '' (no encoding) is supported, received ${encoding}`);
  }
  return encoding !== "";
}

/**
 * StringLower, StringUpper: without an encoding the ASCII letters change, in UTF-8 all that have a case, by Unicode's full
 * mapping in no particular language, as ICU's root locale and JavaScript have it.
 */
export const stringCase: HostFamily = {
  StringLower: caseOp(UPPER_A, (text) => text.toLowerCase()),
  StringUpper: caseOp(LOWER_A, (text) => text.toUpperCase()),
};
