import type { Attributes } from "../../registry/attributes.ts";
import type { StringTensor, Tensor } from "../../tensor/tensor.ts";
import { isTrailByte } from "../strings/utf8.ts";
import type { Table } from "../tables/table.ts";
import type { ReadingTableOp } from "../tables/table-op.ts";
import { int64Vector, type Token, tokenRows } from "./token-rows.ts";

interface Options {
  /** In front of pieces that don't begin a word. */
  readonly suffixIndicator: Uint8Array;
  readonly maxBytesPerWord: number;
  /** 0 for no limit. */
  readonly maxCharsPerPiece: number;
  /** What stands for a word that can't be put together, unless the word itself does. */
  readonly unknown: Uint8Array | undefined;
  /** Characters that are in no piece are pieces of their own, and don't make the whole word unknown. */
  readonly splitsUnknownCharacters: boolean;
}

function optionsOf(attrs: Attributes): Options {
  return {
    suffixIndicator: attrs.bytes("suffix_indicator"),
    maxBytesPerWord: attrs.int("max_bytes_per_word"),
    maxCharsPerPiece: attrs.int("max_chars_per_token"),
    unknown: attrs.bool("use_unknown_token") ? attrs.bytes("unknown_token") : undefined,
    splitsUnknownCharacters: attrs.bool("split_unknown_characters"),
  };
}

type Contains = (piece: Uint8Array) => boolean;

/** Words of a vocabulary are there whatever their value is, but for the one that stands for none. */
const NONE: Tensor = { dtype: "int64", shape: [], data: BigInt64Array.of(-1n) };

function vocabularyOf(table: Table): Contains {
  return (piece) => {
    const keys: StringTensor = { dtype: "string", shape: [1], data: [piece] };
    return table.find(keys, NONE).data[0] !== -1n;
  };
}

/** The longest pieces of the vocabulary that a word is made of, from its beginning on. */
function piecesOf(word: Uint8Array, contains: Contains, options: Options): readonly Token[] {
  const bytes = options.unknown ?? word;
  // Of a word that is too long the end is that of what stands for it.
  if (word.length > options.maxBytesPerWord) return [{ bytes, begin: 0, end: bytes.length }];
  const pieces: Token[] = [];
  for (let begin = 0; begin < word.length; begin = pieces.at(-1)!.end) {
    const found = longestPiece(word, begin, contains, options);
    if (found !== undefined) pieces.push(found);
    else if (options.splitsUnknownCharacters) pieces.push(unknownCharacter(word, begin, options));
    else return [{ bytes, begin: 0, end: word.length }];
  }
  return pieces;
}

function longestPiece(
  word: Uint8Array,
  begin: number,
  contains: Contains,
  { suffixIndicator, maxCharsPerPiece }: Options,
): Token | undefined {
  let end = word.length;
  if (maxCharsPerPiece > 0) {
    end = begin;
    for (let i = 0; i < maxCharsPerPiece && end < word.length; i++) end = characterEnd(word, end);
  }
  while (end > begin) {
    const text = word.subarray(begin, end);
    const bytes = begin > 0 ? joined(suffixIndicator, text) : text;
    if (contains(bytes)) return { bytes, begin, end };
    end--;
    while (end > begin && isTrailByte(word[end]!)) end--;
  }
  return undefined;
}

function unknownCharacter(word: Uint8Array, begin: number, { suffixIndicator, unknown }: Options): Token {
  const end = characterEnd(word, begin);
  const text = unknown ?? word.subarray(begin, end);
  return { bytes: begin > 0 ? joined(suffixIndicator, text) : text, begin, end };
}

function characterEnd(word: Uint8Array, begin: number): number {
  let end = begin + 1;
  while (end < word.length && isTrailByte(word[end]!)) end++;
  return end;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length + b.length);
  out.set(a);
  out.set(b, a.length);
  return out;
}

/** tensorflow_text's word pieces. The table is the second input. */
export const wordpieceTokenize: ReadingTableOp = {
  kind: "reading",
  tableInput: 1,
  shapes: () => [[-1], [-1], [-1], [-1]],
  run: (table, [words], attrs) => {
    const [contains, options] = [vocabularyOf(table), optionsOf(attrs)];
    const rows = (words as StringTensor).data.map((word) => piecesOf(word, contains, options));
    const { tokens, splits, lengths, begins, ends } = tokenRows(rows);
    const partition = attrs.string("output_row_partition_type") === "row_splits" ? splits : lengths;
    return [tokens, partition, int64Vector(begins), int64Vector(ends)];
  },
};
