/** Says whether a name, one char per byte, matches. */
export type NameTest = (name: string) => boolean;

/** What one character must be, or any number of any characters. */
type Token = "*" | ((char: string) => boolean);

/**
 * Reads a pattern for one name as POSIX's fnmatch(3) does: `*`, `?`, `[a-z]`, `[!a]`, `[[:digit:]]`, and a backslash before
 * what stands for itself.
 */
export function wildcard(pattern: string): NameTest {
  const tokens: Token[] = [];
  for (let at = 0; at < pattern.length; ) {
    const char = pattern[at]!;
    const set = char === "[" ? bracketAt(pattern, at) : undefined;
    if (set !== undefined) {
      tokens.push(set.isMember);
      at = set.end;
    } else if (char === "\\") {
      const next = pattern[at + 1];
      // Without anything behind it, it matches nothing.
      tokens.push((given) => given === next);
      at += 2;
    } else {
      tokens.push(char === "*" ? "*" : char === "?" ? () => true : (given) => given === char);
      at++;
    }
  }
  return (name) => matches(tokens, name);
}

/** In no more steps than tokens times characters: only the last run of any characters is ever made longer. */
function matches(tokens: readonly Token[], name: string): boolean {
  let [token, char] = [0, 0];
  /** Where to go on if what follows the last run doesn't fit. */
  let retry: { readonly token: number; readonly char: number } | undefined;
  while (char < name.length) {
    const wanted = tokens[token];
    if (wanted === "*") {
      retry = { token: ++token, char };
    } else if (wanted?.(name[char]!)) {
      token++;
      char++;
    } else if (retry !== undefined) {
      retry = { token: retry.token, char: retry.char + 1 };
      ({ token, char } = retry);
    } else return false;
  }
  return tokens.slice(token).every((rest) => rest === "*");
}

/** In the C locale. */
const CLASSES: Readonly<Record<string, RegExp>> = {
  alnum: /[0-9A-Za-z]/,
  alpha: /[A-Za-z]/,
  blank: /[ \t]/,
  digit: /[0-9]/,
  graph: /[!-~]/,
  lower: /[a-z]/,
  print: /[ -~]/,
  punct: /[!-/:-@[-`{-~]/,
  space: /[\t-\r ]/,
  upper: /[A-Z]/,
  xdigit: /[0-9A-Fa-f]/,
};

interface Bracket {
  readonly isMember: (char: string) => boolean;
  /** The position behind it. */
  readonly end: number;
}

/** The set of characters that begins there; undefined if none ends: the bracket then stands for itself. */
function bracketAt(pattern: string, start: number): Bracket | undefined {
  let at = start + 1;
  const isNegated = pattern[at] === "!" || pattern[at] === "^";
  if (isNegated) at++;
  const members: ((char: string) => boolean)[] = [];
  for (let isFirst = true; at < pattern.length; isFirst = false) {
    if (pattern[at] === "]" && !isFirst) {
      const isMember = (char: string) => members.some((has) => has(char)) !== isNegated;
      return { isMember, end: at + 1 };
    }
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at));
    if (named !== null) {
      const characters = CLASSES[named[1]!];
      members.push((char) => characters?.test(char) ?? false);
      at += named[0].length;
      continue;
    }
    const from = memberAt(pattern, at);
    if (from === undefined) return undefined;
    at = from.end;
    const isRange = pattern[at] === "-" && at + 1 < pattern.length && pattern[at + 1] !== "]";
    const to = isRange ? memberAt(pattern, at + 1) : from;
    if (to === undefined) return undefined;
    members.push((char) => from.char <= char && char <= to.char);
    at = to.end;
  }
  return undefined;
}

function memberAt(pattern: string, at: number): { readonly char: string; readonly end: number } | undefined {
  const collating = /^\[([.=])(.)\1\]/s.exec(pattern.slice(at));
  if (collating !== null) return { char: collating[2]!, end: at + collating[0].length };
  const escaped = pattern[at] === "\\" ? 1 : 0;
  const char = pattern[at + escaped];
  return char === undefined ? undefined : { char, end: at + escaped + 1 };
}
