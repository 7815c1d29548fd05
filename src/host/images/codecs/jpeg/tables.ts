import type { HuffmanCode } from "./huffman-code.ts";
import {
  type CoefficientLookup,
  coefficientLookup,
  differenceLookup,
  type HuffmanLookup,
} from "./huffman-lookup.ts";
import { InvalidJpeg } from "./invalid-jpeg.ts";
import type { MarkerReader } from "./marker-reader.ts";
import { standardAcCodes, standardDcCodes } from "./standard-tables.ts";

// Most files bring the standard tables: for a small image, to make the lookups anew takes as long as to decode it.
const standardDc = standardDcCodes.map(differenceLookup);
const standardAc = standardAcCodes.map(coefficientLookup);

/** Which of some codes it is, or -1. */
function indexOfCode(code: HuffmanCode, codes: readonly HuffmanCode[]): number {
  return codes.findIndex(
    ({ counts, symbols }) =>
      Buffer.compare(counts, code.counts) === 0 &&
      Buffer.compare(symbols, code.symbols.subarray(0, symbols.length)) === 0,
  );
}

/**
 * The table for DC differences; the standard one where the file has none (as in frames of Motion JPEG), unless `isStrict`.
 * @throws InvalidJpeg
 */
export function dcTable(markers: MarkerReader, number: number, isStrict: boolean): HuffmanLookup {
  const code = markers.dcCodes[number] ?? (isStrict ? undefined : standardDcCodes[number]);
  if (code === undefined) throw new InvalidJpeg(`No Huffman table ${number} for DC values`);
  return standardDc[indexOfCode(code, standardDcCodes)] ?? differenceLookup(code);
}

/** The same for coefficients. */
export function acTable(markers: MarkerReader, number: number, isStrict: boolean): CoefficientLookup {
  const code = markers.acCodes[number] ?? (isStrict ? undefined : standardAcCodes[number]);
  if (code === undefined) throw new InvalidJpeg(`No Huffman table ${number} for AC values`);
  return standardAc[indexOfCode(code, standardAcCodes)] ?? coefficientLookup(code);
}

/** The quantization table of that number. */
export function quantization(markers: MarkerReader, number: number): Uint16Array {
  const table = markers.quantization[number];
  if (table === undefined) throw new InvalidJpeg(`No quantization table ${number}`);
  return table;
}
