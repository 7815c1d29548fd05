/**
 * A JavaScript RegExp for Latin-1 that finds exactly what RE2 finds in the bytes, or undefined where that isn't certain.
 *
 * Taken are alternatives of single characters in a row, the last of which may have a `+`. Nothing follows a repetition, so
 * nothing is tried again and the time is linear as RE2's is. `.` and negated sets stand for whole UTF-8 sequences, as in RE2.
 */
export function simpleRegExp(pattern: string, flags: string): RegExp | undefined {
  const reader = new PatternReader(pattern);
  const source = reader.read();
  return source === undefined ? undefined : new RegExp(source, flags);
}

/** What RE2 takes for a character above U+007F, where all of those are wanted: see `lenient-utf8.ts`. */
const BEYOND_ASCII = "[\\xc2-\\xdf][\\x80-\\xbf]|[\\xe0-\\xef][\\x80-\\xbf]{2}|[\\xf0-\\xf4][\\x80-\\xbf]{3}";

const NAMED: Readonly<Record<string, string>> = { n: "\n", t: "\t", r: "\r", f: "\f", v: "\v", a: "\x07" };
const CLASSES: Readonly<Record<string, string>> = {
  d: characters(/\d/),
  w: characters(/[0-9A-Za-z_]/),
  // RE2's white space lacks the vertical tab.
  s: characters(/[\t\n\f\r ]/),
};
const POSIX: Readonly<Record<string, string>> = {
  alnum: characters(/[0-9A-Za-z]/),
  alpha: characters(/[A-Za-z]/),
  ascii: characters(/[\s\S]/),
  blank: characters(/[\t ]/),
  cntrl: characters(/[^ -~]/),
  digit: characters(/\d/),
  graph: characters(/[!-~]/),
  lower: characters(/[a-z]/),
  print: characters(/[ -~]/),
  punct: characters(/[!-/:-@[-`{-~]/),
  space: characters(/[\t-\r ]/),
  upper: characters(/[A-Z]/),
  word: characters(/[0-9A-Za-z_]/),
  xdigit: characters(/[0-9A-Fa-f]/),
};
const SPECIAL = "\\.+*?()|[]{}^$";

/** Those of the 128 ASCII characters that the expression matches. */
function characters(expression: RegExp): string {
  return Array.from({ length: 0x80 }, (_, code) => String.fromCharCode(code))
    .filter((character) => expression.test(character))
    .join("");
}

/** A set of ASCII characters, or all others. */
interface CharacterSet {
  readonly members: string;
  readonly isNegated: boolean;
}

class PatternReader {
  readonly #pattern: string;
  #at = 0;

  constructor(pattern: string) {
    this.#pattern = pattern;
  }

  /** The whole pattern as the source of a RegExp, or undefined. */
  read(): string | undefined {
    if (this.#pattern === "" || !/^[\0-\x7f]*$/.test(this.#pattern)) return undefined;
    let source = "";
    let isBranchEmpty = true;
    while (this.#at < this.#pattern.length) {
      if (this.#take("|")) {
        if (isBranchEmpty) return undefined;
        source += "|";
        isBranchEmpty = true;
        continue;
      }
      const set = this.#character();
      if (set === undefined) return undefined;
      source += sourceOf(set);
      isBranchEmpty = false;
      if (this.#take("+")) {
        source += "+";
        if (this.#at < this.#pattern.length && this.#peek() !== "|") return undefined;
      }
    }
    return isBranchEmpty ? undefined : source;
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? "";
  }

  #take(text: string): boolean {
    if (!this.#pattern.startsWith(text, this.#at)) return false;
    this.#at += text.length;
    return true;
  }

  #character(): CharacterSet | undefined {
    if (this.#take("[")) return this.#set();
    if (this.#take(".")) return { members: "\n", isNegated: true };
    if (this.#peek() === "\\") {
      const members = this.#escape();
      return members === undefined ? undefined : { members, isNegated: false };
    }
    return SPECIAL.includes(this.#peek()) ? undefined : { members: this.#next(), isNegated: false };
  }

  #next(): string {
    return this.#pattern[this.#at++] ?? "";
  }

  #escape(): string | undefined {
    this.#at++;
    const character = this.#next();
    if (Object.hasOwn(CLASSES, character)) return CLASSES[character];
    if (Object.hasOwn(NAMED, character)) return NAMED[character];
    return /^[!-/:-@[-`{-~]$/.test(character) && character !== "_" ? character : undefined;
  }

  #set(): CharacterSet | undefined {
    const isNegated = this.#take("^");
    let members = "";
    for (let isFirst = true; isFirst || this.#peek() !== "]"; isFirst = false) {
      const part = this.#setPart();
      if (part === undefined) return undefined;
      members += part;
    }
    this.#at++;
    return { members, isNegated };
  }

  /** One member, range or class of a set. */
  #setPart(): string | undefined {
    if (this.#at >= this.#pattern.length) return undefined;
    if (this.#take("[:")) {
      const end = this.#pattern.indexOf(":]", this.#at);
      const name = this.#pattern.slice(this.#at, end);
      this.#at = end + 2;
      return end >= 0 && Object.hasOwn(POSIX, name) ? POSIX[name] : undefined;
    }
    const low = this.#setMember();
    if (low?.length !== 1 || this.#peek() !== "-" || this.#pattern[this.#at + 1] === "]") return low;
    this.#at++;
    const high = this.#setMember();
    if (high?.length !== 1 || high < low) return undefined;
    const [first, last] = [low.charCodeAt(0), high.charCodeAt(0)];
    return Array.from({ length: last - first + 1 }, (_, i) => String.fromCharCode(first + i)).join("");
  }

  #setMember(): string | undefined {
    if (this.#at >= this.#pattern.length) return undefined;
    return this.#peek() === "\\" ? this.#escape() : this.#next();
  }
}

function sourceOf({ members, isNegated }: CharacterSet): string {
  const wanted = isNegated
    ? characters(/[\s\S]/).replaceAll(new RegExp(bracketed(members), "g"), "")
    : members;
  if (!isNegated) return bracketed(wanted);
  return wanted === "" ? `(?:${BEYOND_ASCII})` : `(?:${bracketed(wanted)}|${BEYOND_ASCII})`;
}

function bracketed(members: string): string {
  const codes = [...new Set(members)].map((c) => c.charCodeAt(0)).sort((a, b) => a - b);
  let source = "";
  for (let i = 0; i < codes.length; i++) {
    const first = codes[i]!;
    while (codes[i + 1] === codes[i]! + 1) i++;
    source += codes[i] === first ? hex(first) : `${hex(first)}-${hex(codes[i]!)}`;
  }
  return `[${source}]`;
}

function hex(code: number): string {
  return `\\x${code.toString(16).padStart(2, "0")}`;
}
