import type { StringTensor } from "../../tensor/tensor.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import { fullMatcher, groupFinder } from "../strings/regex/regex.ts";
import { codePointDecoder } from "../strings/unicode/code-points.ts";
import { upToNul } from "../strings/utf8.ts";
import { int32Vector, int64Vector, type Token, tokenRows } from "./token-rows.ts";

/** What lies between the matches of a pattern's first group, and those that the other pattern matches. */
const regexSplit: HostOp = {
  shapes: (_, [input]) => [[-1], [-1], [-1], [rowEnds(input!)]],
  compile:
    () =>
    ([input, delimiter, kept]) => {
      const [find, keeps] = [groupFinder(only(delimiter)), fullMatcher(only(kept))];
      const keepsSome = only(kept).length > 0;
      const rows = (input as StringTensor).data.map((text) => {
        const bytes = upToNul(text);
        const tokens: Token[] = [];
        const add = (begin: number, end: number): void => {
          if (end > begin) tokens.push({ bytes: bytes.subarray(begin, end), begin, end });
        };
        let last = 0;
        for (const { begin, end, next } of find(bytes)) {
          add(last, begin);
          if (keepsSome && keeps(bytes.subarray(begin, end))) add(begin, end);
          last = next;
        }
        add(last, bytes.length);
        return tokens;
      });
      const { tokens, splits, begins, ends } = tokenRows(rows);
      return [tokens, int64Vector(begins), int64Vector(ends), splits];
    },
};

/** As many as strings, and one more; -1 if that isn't known. */
function rowEnds({ shape }: KnownInput): number {
  const count = shape?.reduce((a, b) => (a < 0 || b < 0 ? -1 : a * b), 1) ?? -1;
  return count < 0 ? -1 : count + 1;
}

function only(tensor: unknown): Uint8Array {
  return (tensor as StringTensor).data[0]!;
}

const codePoints = codePointDecoder("utf-8");

/** The second input says by a bit per code point which of them are white space. */
const whitespaceSplit: HostOp = {
  shapes: (_, [input]) => [[-1], [rowEnds(input!)], [-1], [-1]],
  compile:
    () =>
    ([input, config]) => {
      const bits = only(config);
      const isSpace = (code: number): boolean => ((bits[code >> 3] ?? 0) & (1 << (code & 7))) !== 0;
      const rows = (input as StringTensor).data.map((bytes) => {
        const tokens: Token[] = [];
        let [begin, at] = [0, 0];
        const close = (end: number): void => {
          if (at > begin) tokens.push({ bytes: bytes.subarray(begin, end), begin, end });
        };
        codePoints(bytes, (code, length) => {
          if (isSpace(code)) {
            // It goes by the last byte of the white space: of a wide one, the others stay with the token.
            close(at + length - 1);
            begin = at + length;
          }
          at += length;
        });
        close(at);
        return tokens;
      });
      const { tokens, splits, begins, ends } = tokenRows(rows);
      return [tokens, splits, int32Vector(begins), int32Vector(ends)];
    },
};

/** tensorflow_text's tokenizers that need no vocabulary. */
export const textSplitting: HostFamily = {
  RegexSplitWithOffsets: regexSplit,
  "TFText>WhitespaceTokenizeWithOffsetsV2": whitespaceSplit,
};
