// AssemblyScript: scripts/build-wasm.sh makes numbers.wasm of it. Scans the text of one tensor, nested lists of JSON numbers,
// into its elements, a window of the text at a time. Whatever is unusual is left to the caller: the scan stops before it.
//
// What it costs is mostly the wait for where a number ends, and mispredicted branches, so that what differs from number
// to number (how many digits there are, signs) is computed and not branched on: 14 ns a number of 17 digits, where the
// scan in TypeScript takes 27. Without a branch means what the compilers make of it: -O2 keeps it, -O3 doesn't.

/** Bytes of text in a window. */
const WINDOW: i32 = 1 << 15;
/** What may be read past a window's end; the caller fills it with zeros. */
const GUARD: i32 = 256;
const MAX_RANK: i32 = 254;

const text: usize = memory.data(WINDOW + GUARD, 16);
/** An element takes two bytes of text at least. */
const values: usize = memory.data((WINDOW / 2 + 1) * 8, 16);
/** The lengths of the lists, outermost first: as the first list of each level had them, -1 where none has ended. */
const shape: usize = memory.data(MAX_RANK * 4, 16);
/** The lengths of the lists that are open, so far. */
const lengths: usize = memory.data(MAX_RANK * 4, 16);

export const windowBytes: i32 = WINDOW;
export const guardBytes: i32 = GUARD;
export const textAddress: usize = text;
export const valuesAddress: usize = values;
export const shapeAddress: usize = shape;
export const lengthsAddress: usize = lengths;

/** How many lists are open. */
export let depth: i32 = 0;
/** How deep the numbers are; -1 before the first one. */
export let rank: i32 = -1;
/** How many elements the last call has read. */
export let count: i32 = 0;
/** Whether the tensor's last bracket was read. */
export let complete: bool = false;

const ZEROS: u64 = 0x3030303030303030;
const TOP_BITS: u64 = 0x8080808080808080;

/** 10^k for k up to 16, and the most that an integer may be to take k more digits and stay well below 2^63. */
const SHIFTS = memory.data<u64>([
  1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000, 10000000000, 100000000000, 1000000000000,
  10000000000000, 100000000000000, 1000000000000000, 10000000000000000,
]);
const ROOM = memory.data<u64>([
  9199999999999999999, 919999999999999999, 91999999999999999, 9199999999999999, 919999999999999, 91999999999999,
  9199999999999, 919999999999, 91999999999, 9199999999, 919999999, 91999999, 9199999, 919999,
  91999, 9199, 919,
]);
/** From byte n on: the indexes that put the first n bytes of 16 at the end, and zeros before them. */
const TO_THE_END = memory.data<u8>([
  255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13,
  14, 15,
]);
/** The powers of ten that are exact as doubles. */
const POWERS = memory.data<f64>([
  1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21,
  1e22,
]);
const MAX_POWER: i32 = 22;
const HEADS = memory.data<u32>([1, 10, 100, 1000]);
/** Times 10^16 it is well below 2^63. */
const MOST_BEFORE_SIXTEEN: u32 = 920;
const EXACT_INTEGER: u64 = 1 << 53;
/** More than an integer's rounding and a quotient's can make of difference: 2^-51. */
const FLOAT_MARGIN: f64 = 4.5e-16;
/** The relative error of a quotient's second part is far below this: 2^-40. */
const DOUBLE_MARGIN: f64 = 9.094947017729282e-13;

/** Where digits stand in a word of text whose zeros were taken off: how many of its first bytes are digits. */
@inline
function digitCount(word: u64): i32 {
  const others = ((word + 0x7676767676767676) | word) & TOP_BITS;
  return others == 0 ? 8 : <i32>(ctz(others) >> 3);
}

/** The number that four digits make, the first of which is the lowest byte. */
@inline
function fourDigits(word: u32): u32 {
  const pairs = (word * 10 + (word >> 8)) & 0x00ff00ff;
  return (pairs * 100 + (pairs >> 16)) & 0xffff;
}

/** The same of eight. */
@inline
function eightDigits(word: u64): u64 {
  const pairs = word * 10 + (word >> 8);
  return (
    ((pairs & 0x000000ff000000ff) * 0x000f424000000064 + ((pairs >> 16) & 0x000000ff000000ff) * 0x0000271000000001) >> 32
  );
}

/** And of sixteen. */
@inline
function sixteenDigits(digits: v128): u64 {
  const pairs = i16x8.add(i16x8.mul(v128.and(digits, i16x8.splat(0xff)), i16x8.splat(10)), i16x8.shr_u(digits, 8));
  const fours = i32x4.dot_i16x8_s(pairs, i16x8(100, 1, 100, 1, 100, 1, 100, 1));
  const eights = i32x4.dot_i16x8_s(i16x8.narrow_i32x4_s(fours, fours), i16x8(10000, 1, 10000, 1, 10000, 1, 10000, 1));
  return <u64>i32x4.extract_lane(eights, 0) * 100000000 + <u64>i32x4.extract_lane(eights, 1);
}

@inline
function afterSpace(from: usize): usize {
  let p = from;
  let c = load<u8>(p);
  while (c == 0x20 || c == 0x0a || c == 0x0d || c == 0x09) c = load<u8>(++p);
  return p;
}

/** What rounding took from `product`, the double nearest to `a * b` (Dekker). */
@inline
function productError(a: f64, b: f64, product: f64): f64 {
  const bigA = 134217729.0 * a;
  const highA = bigA - (bigA - a);
  const lowA = a - highA;
  const bigB = 134217729.0 * b;
  const highB = bigB - (bigB - b);
  const lowB = b - highB;
  return lowA * lowB - (product - highA * highB - lowA * highB - highA * lowB);
}

/** Whether the last quotient may be the wrong one. */
let doubt: i32 = 0;

/**
 * The double nearest to `mantissa / 10^exponent`, or for float32 one that rounds to the same as it; unless there is `doubt`.
 * An integer of up to 53 bits is exact, and so is the power of ten: one division is correctly rounded (Clinger's fast
 * path). Of a longer one it is proven that rounding it first made no difference, or how much.
 */
@inline
function quotient<T>(mantissa: u64, exponent: u32): f64 {
  doubt = 0;
  const value = <f64>(<i64>mantissa);
  const divisor = load<f64>(POWERS + (exponent << 3));
  const first = value / divisor;
  if (sizeof<T>() == 4) {
    if (<f32>(first * (1 - FLOAT_MARGIN)) != <f32>(first * (1 + FLOAT_MARGIN))) doubt = <i32>(mantissa > EXACT_INTEGER);
    return first;
  }
  const rest = <f64>(<i64>mantissa - <i64>value);
  const product = first * divisor;
  const second = (value - product - productError(first, divisor, product) + rest) / divisor;
  const least = first + second * (1 - DOUBLE_MARGIN);
  if (least == first + second * (1 + DOUBLE_MARGIN)) return least;
  doubt = <i32>(mantissa > EXACT_INTEGER);
  return first;
}

/** Where `anyNumber` reads, and then where it ended. */
let at: usize = 0;

/** Reads the number at `at`, of whatever form. NaN for what is left to the caller. */
@inline
function anyNumber<T>(): f64 {
  let p = at;
  const negative = load<u8>(p) == 0x2d;
  p += <usize>negative;
  const word = load<u64>(p) ^ ZEROS;
  const digits = <u32>digitCount(word);
  // None, more than seven, or a zero before others.
  if ((digits - 1 > 6) | (<i32>(digits > 1) & <i32>((word & 0xff) == 0))) return NaN;
  let mantissa = eightDigits(word << <u64>((8 - digits) << 3));
  p += digits;
  let exponent: i32 = 0;
  let integer = true;
  if (load<u8>(p) == 0x2e) {
    integer = false;
    const fraction = ++p;
    const text = v128.xor(v128.load(p), i8x16.splat(0x30));
    const count = <i32>ctz(i8x16.bitmask(i8x16.gt_u(text, i8x16.splat(9))) | 0x10000);
    if (mantissa > load<u64>(ROOM + (count << 3))) return NaN;
    const start = v128.swizzle(text, v128.load(TO_THE_END + count));
    mantissa = mantissa * load<u64>(SHIFTS + (count << 3)) + sixteenDigits(start);
    p += count;
    const tail = load<u64>(p) ^ ZEROS;
    const more = digitCount(tail);
    if (more == 8 || mantissa > load<u64>(ROOM + (more << 3))) return NaN;
    mantissa = mantissa * load<u64>(SHIFTS + (more << 3)) + eightDigits((tail << <u64>((7 - more) << 3)) << 8);
    p += more;
    exponent = -<i32>(p - fraction);
    if (exponent == 0) return NaN;
  }
  if ((load<u8>(p) | 0x20) == 0x65) {
    integer = false;
    let c = load<u8>(++p);
    const minus = c == 0x2d;
    if (minus || c == 0x2b) c = load<u8>(++p);
    if (c < 0x30 || c > 0x39) return NaN;
    let power: i32 = 0;
    for (; c >= 0x30 && c <= 0x39 && power < 1000; c = load<u8>(++p)) power = power * 10 + <i32>(c - 0x30);
    exponent += minus ? -power : power;
  }
  if (exponent < -MAX_POWER || exponent > MAX_POWER) return NaN;
  let value = <f64>(<i64>mantissa);
  if (exponent > 0) {
    if (mantissa > EXACT_INTEGER) return NaN;
    value *= load<f64>(POWERS + (exponent << 3));
  } else {
    value = quotient<T>(mantissa, -exponent);
    if (doubt) return NaN;
  }
  at = p;
  // An integer's minus sign is lost on zero.
  return negative ? (integer ? 0.0 - value : -value) : value;
}

/**
 * Reads the integer at `p`, of up to seven digits, which any type of 32 bits or more takes if it may be negative.
 * @returns where it ends, or 0 if it was not read.
 */
@inline
function smallInteger<T>(p: usize, target: usize): usize {
  const negative = load<u8>(p) == 0x2d;
  const q = p + <usize>negative;
  const word = load<u64>(q) ^ ZEROS;
  const digits = <u32>digitCount(word);
  if ((digits - 1 > 6) | (<i32>(digits > 1) & <i32>((word & 0xff) == 0))) return 0;
  const value = <i64>eightDigits(word << <u64>((8 - digits) << 3));
  const sign = -(<i64>negative);
  store<T>(target, <T>((value ^ sign) - sign));
  return q + digits;
}

/**
 * Reads the number at `p` into `target` if it is of the usual form: a digit, a point, 1 to 18 digits.
 * @returns where it ends, or 0 if it was not read.
 */
@inline
function usualNumber<T>(p: usize, target: usize): usize {
  const q = p + <usize>(load<u8>(p) == 0x2d);
  if (load<u8>(q, 1) != 0x2e) return 0;
  const others =
    <u32>i8x16.bitmask(i8x16.gt_u(v128.xor(v128.load(q), i8x16.splat(0x30)), i8x16.splat(9))) |
    (<u32>i8x16.bitmask(i8x16.gt_u(v128.xor(v128.load(q, 16), i8x16.splat(0x30)), i8x16.splat(9))) << 16);
  if ((others & 1) != 0) return 0;
  const end = ctz(others & 0xfffffffc);
  if (end - 3 >= 18) return 0;
  // The last 16 digits, and what is before them.
  const over = <i32>end - 18;
  const more = <u32>(over & ~(over >> 31));
  const last = end - 2 - more;
  const head = fourDigits((load<u32>(q, 2) ^ 0x30303030) << ((3 - more) << 3) << 8);
  const top = (load<u8>(q) & 15) * load<u32>(HEADS + (more << 2)) + head;
  if (top >= MOST_BEFORE_SIXTEEN) return 0;
  // An exponent.
  if (load<u8>(q + end) == 0x65) return 0;
  const text = v128.xor(v128.load(q + end - last), i8x16.splat(0x30));
  const digits = v128.swizzle(text, v128.load(TO_THE_END + last));
  const value = quotient<T>(<u64>top * load<u64>(SHIFTS + (last << 3)) + sixteenDigits(digits), end - 2);
  if (doubt) return 0;
  store<T>(target, <T>reinterpret<f64>(reinterpret<u64>(value) | (<u64>(q - p) << 63)));
  return q + end;
}

/**
 * Reads elements from the window's byte `from` on, where a list or an element begins.
 * @param end before the elements that begin here or later the scan stops.
 * @returns where it stopped: before a list or an element, or, if it is `complete`, past the tensor's last bracket.
 */
function scan<T>(from: i32, end: i32): i32 {
  const stop = text + end;
  let p = text + from;
  let target = values;
  let level = depth;
  let deepest = rank;
  // Elements of the innermost open list.
  let length = level > 0 ? load<i32>(lengths + ((level - 1) << 2)) : 0;
  complete = false;
  while (p < stop) {
    if (load<u8>(p) == 0x5b) {
      if (level == (deepest < 0 ? MAX_RANK : deepest)) break;
      if (level > 0) store<i32>(lengths + ((level - 1) << 2), length);
      level++;
      length = 0;
      p = afterSpace(p + 1);
      continue;
    }
    if (deepest < 0) deepest = level;
    else if (level != deepest) break;
    let c: u8 = 0;
    let q: usize = 0;
    for (;;) {
      q = isFloat<T>() ? usualNumber<T>(p, target) : smallInteger<T>(p, target);
      if (q == 0) {
        if (!isFloat<T>()) {
          c = 0;
          break;
        }
        at = p;
        const value = anyNumber<T>();
        if (value != value) {
          c = 0;
          break;
        }
        store<T>(target, <T>value);
        q = at;
      }
      c = load<u8>(q);
      if (c != 0x2c) {
        q = afterSpace(q);
        c = load<u8>(q);
      }
      if (c == 0x2c) {
        target += sizeof<T>();
        length++;
        q++;
      } else {
        // A list as long as those before it, and another at once.
        if (c != 0x5d || level < 2 || load<u8>(q, 1) != 0x2c) break;
        if (length + 1 != load<i32>(shape + ((level - 1) << 2))) break;
        const next = afterSpace(q + 2);
        if (load<u8>(next) != 0x5b) break;
        const outer = lengths + ((level - 2) << 2);
        store<i32>(outer, load<i32>(outer) + 1);
        target += sizeof<T>();
        length = 0;
        q = next + 1;
      }
      c = load<u8>(q);
      p = c > 0x20 ? q : afterSpace(q);
      if (p >= stop) {
        c = 0;
        break;
      }
    }
    if (c != 0x5d) break;
    target += sizeof<T>();
    length++;
    // The lists that end here.
    while (c == 0x5d) {
      level--;
      q++;
      const known = load<i32>(shape + (level << 2));
      if (known < 0) store<i32>(shape + (level << 2), length);
      else if (known != length) {
        level = -1;
        break;
      }
      if (level == 0) {
        complete = true;
        break;
      }
      length = load<i32>(lengths + ((level - 1) << 2)) + 1;
      c = load<u8>((q = afterSpace(q)));
    }
    if (level <= 0) {
      p = q;
      break;
    }
    if (c != 0x2c) {
      level = -1;
      break;
    }
    p = afterSpace(q + 1);
  }
  if (level > 0) store<i32>(lengths + ((level - 1) << 2), length);
  depth = level;
  rank = deepest;
  count = <i32>((target - values) / sizeof<T>());
  return <i32>(p - text);
}

export function scanFloat32(from: i32, end: i32): i32 {
  return scan<f32>(from, end);
}

export function scanFloat64(from: i32, end: i32): i32 {
  return scan<f64>(from, end);
}

export function scanInt32(from: i32, end: i32): i32 {
  return scan<i32>(from, end);
}

export function scanInt64(from: i32, end: i32): i32 {
  return scan<i64>(from, end);
}
