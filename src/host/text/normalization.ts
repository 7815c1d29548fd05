import { isUtf8 } from "node:buffer";
import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { HostFamily } from "../host-op.ts";
import { eachString } from "../strings/each-string.ts";
import { codePointDecoder } from "../strings/unicode/code-points.ts";
import { textOfUtf8, utf8OfText } from "../strings/utf8.ts";
import runs from "./case-folding.generated.json" with { type: "json" };

const codePoints = codePointDecoder("utf-8");

/** What code points fold to, but for those that stay as they are. */
const FOLDED: ReadonlyMap<number, string> = new Map(
  (runs as [number, string[]][]).flatMap(([first, texts]) =>
    texts.map((text, i): [number, string] => [first + i, text]),
  ),
);

/** Converts what is UTF-8. Between bytes that aren't, which stay, each run of it stands for itself, as in ICU. */
function eachUtf8Run(bytes: Uint8Array, convert: (text: string) => string): Uint8Array {
  if (isUtf8(bytes)) return utf8OfText(convert(textOfUtf8(bytes)));
  const pieces: Uint8Array[] = [];
  let [start, at] = [0, 0];
  const close = (): void => {
    if (at > start) pieces.push(utf8OfText(convert(textOfUtf8(bytes.subarray(start, at)))));
  };
  codePoints(bytes, (_, length, isMalformed) => {
    if (isMalformed) {
      close();
      start = at + length;
      pieces.push(bytes.subarray(at, start));
    }
    at += length;
  });
  close();
  return new Uint8Array(Buffer.concat(pieces));
}

/** Unicode's NFKC_Casefold. */
function caseFolded(text: string): string {
  const folded = Array.from(text, (character) => FOLDED.get(character.codePointAt(0)!) ?? character);
  return folded.join("").normalize("NFC");
}

const FORMS = ["NFC", "NFD", "NFKC", "NFKD"];

/** @throws StatusError INVALID_ARGUMENT for another form. */
function normalizer(attrs: Attributes): (bytes: Uint8Array) => Uint8Array {
  const form = attrs.string("normalization_form").toUpperCase();
  return (bytes) => {
    if (!FORMS.includes(form)) throw invalidArgument(`Unknown normalization form requrested: ${form}`);
    return eachUtf8Run(bytes, (text) => text.normalize(form));
  };
}

/** tensorflow_text's ways to write the same text in one way. */
export const textNormalization: HostFamily = {
  CaseFoldUTF8: eachString(() => (bytes) => eachUtf8Run(bytes, caseFolded)),
  NormalizeUTF8: eachString(normalizer),
};
