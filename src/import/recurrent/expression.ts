import { formatRef, type Ref } from "../graph.ts";
import { asVector, type Block, blockKey, narrowBlock } from "./block.ts";

/**
 * What a round of a loop computes of what it is given. Equal expressions are the same object as long as they were made by
 * the same {@link Expressions}, whatever the order of sums and products.
 */
export type Expression = { readonly id: number } & Form;

export type Form =
  /** This round's element of a list that comes from outside. */
  | { readonly kind: "element"; readonly argument: number }
  /** A loop variable as the round finds it. */
  | { readonly kind: "state"; readonly argument: number }
  /** The number of rounds before this one. */
  | { readonly kind: "step" }
  /** Part of a variable or constant. */
  | { readonly kind: "block"; readonly block: Block }
  | { readonly kind: "number"; readonly value: number }
  /** A tensor of zeros whose shape is of no concern. */
  | { readonly kind: "zeros" }
  /** A tensor from outside of the loop. */
  | { readonly kind: "outer"; readonly ref: Ref }
  /** Something that no recurrent layer computes. */
  | { readonly kind: "opaque"; readonly ref: Ref }
  /** Side by side, along the last axis. */
  | { readonly kind: "concat"; readonly parts: readonly Expression[] }
  /** `of` times a matrix. */
  | { readonly kind: "product"; readonly of: Expression; readonly matrix: Block }
  /** Of terms that are no sums, plus a number. */
  | { readonly kind: "sum"; readonly terms: readonly Expression[]; readonly number: number }
  /** Element by element. */
  | { readonly kind: "times"; readonly factors: readonly [Expression, Expression] }
  | { readonly kind: "scaled"; readonly factor: number; readonly of: Expression }
  /** 1 - of. */
  | { readonly kind: "complement"; readonly of: Expression }
  | { readonly kind: "function"; readonly name: string; readonly parameter: number; readonly of: Expression }
  /** `yes` in the rows that `live` chooses, `no` in the others. */
  | { readonly kind: "choice"; readonly live: Expression; readonly yes: Expression; readonly no: Expression }
  /** Whether the round comes before the end of a row, whose length `lengths` gives. One element per row. */
  | { readonly kind: "within"; readonly lengths: Ref }
  | { readonly kind: "not"; readonly of: Expression };

/** Makes expressions, each once. */
export class Expressions {
  readonly #known = new Map<string, Expression>();

  readonly step = this.#make("step", { kind: "step" });
  readonly zeros = this.#make("zeros", { kind: "zeros" });

  element(argument: number): Expression {
    return this.#make(`element ${argument}`, { kind: "element", argument });
  }

  state(argument: number): Expression {
    return this.#make(`state ${argument}`, { kind: "state", argument });
  }

  block(block: Block): Expression {
    return this.#make(`block ${blockKey(block)}`, { kind: "block", block });
  }

  number(value: number): Expression {
    return this.#make(`number ${Object.is(value, -0) ? "-0" : value}`, { kind: "number", value });
  }

  outer(ref: Ref): Expression {
    return this.#make(`outer ${formatRef(ref)}`, { kind: "outer", ref });
  }

  opaque(ref: Ref): Expression {
    return this.#make(`opaque ${formatRef(ref)}`, { kind: "opaque", ref });
  }

  within(lengths: Ref): Expression {
    return this.#make(`within ${formatRef(lengths)}`, { kind: "within", lengths });
  }

  concat(parts: readonly Expression[]): Expression {
    return this.#make(`concat ${ids(parts)}`, { kind: "concat", parts });
  }

  product(of: Expression, matrix: Block): Expression {
    return this.#make(`product ${of.id} ${blockKey(matrix)}`, { kind: "product", of, matrix });
  }

  sum(parts: readonly Expression[]): Expression {
    const terms: Expression[] = [];
    let number = 0;
    for (const part of parts) {
      if (part.kind === "number") number += part.value;
      else if (part.kind === "sum") {
        terms.push(...part.terms);
        number += part.number;
      } else terms.push(part);
    }
    if (terms.length === 0) return this.number(number);
    if (terms.length === 1 && number === 0) return terms[0]!;
    terms.sort((a, b) => a.id - b.id);
    return this.#make(`sum ${ids(terms)} ${number}`, { kind: "sum", terms, number });
  }

  times(a: Expression, b: Expression): Expression {
    if (a.kind === "number") return this.scaled(a.value, b);
    if (b.kind === "number") return this.scaled(b.value, a);
    const factors: [Expression, Expression] = a.id < b.id ? [a, b] : [b, a];
    return this.#make(`times ${ids(factors)}`, { kind: "times", factors });
  }

  scaled(factor: number, of: Expression): Expression {
    if (factor === 1) return of;
    return this.#make(`scaled ${factor} ${of.id}`, { kind: "scaled", factor, of });
  }

  complement(of: Expression): Expression {
    return this.#make(`complement ${of.id}`, { kind: "complement", of });
  }

  apply(name: string, parameter: number, of: Expression): Expression {
    return this.#make(`${name}(${parameter}) ${of.id}`, { kind: "function", name, parameter, of });
  }

  choice(live: Expression, yes: Expression, no: Expression): Expression {
    if (live.kind === "not") return this.choice(live.of, no, yes);
    return this.#make(`choice ${live.id} ${yes.id} ${no.id}`, { kind: "choice", live, yes, no });
  }

  not(of: Expression): Expression {
    return of.kind === "not" ? of.of : this.#make(`not ${of.id}`, { kind: "not", of });
  }

  /** The columns `start` to `start + size` of a matrix that has more of them; undefined if that can't be told apart. */
  columns(of: Expression, start: number, size: number): Expression | undefined {
    switch (of.kind) {
      case "product": {
        const matrix = narrowBlock(of.matrix, 1, start, size);
        return matrix && this.product(of.of, matrix);
      }
      case "block": {
        const vector = asVector(of.block);
        const narrow = vector && narrowBlock(vector, 0, start, size);
        return narrow && this.block(narrow);
      }
      case "number":
        return of;
      case "sum": {
        const terms = of.terms.map((term) => this.columns(term, start, size));
        return terms.every((term) => term !== undefined)
          ? this.sum([...terms, this.number(of.number)])
          : undefined;
      }
      case "times": {
        const [a, b] = of.factors.map((factor) => this.columns(factor, start, size));
        return a && b && this.times(a, b);
      }
      case "scaled": {
        const inner = this.columns(of.of, start, size);
        return inner && this.scaled(of.factor, inner);
      }
      case "complement": {
        const inner = this.columns(of.of, start, size);
        return inner && this.complement(inner);
      }
      case "function": {
        const inner = this.columns(of.of, start, size);
        return inner && this.apply(of.name, of.parameter, inner);
      }
      default:
        return undefined;
    }
  }

  #make(key: string, form: Form): Expression {
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const made = { id: this.#known.size, ...form };
    this.#known.set(key, made);
    return made;
  }
}

/**
 * The number of columns, where a product or a vector of constants tells it. Everything beside it in a sum or product is
 * taken to have as many: who uses the answer checks that.
 */
export function widthOf(of: Expression): number | undefined {
  switch (of.kind) {
    case "product":
      return of.matrix.shape[1];
    case "sum":
      return of.terms.map(widthOf).find((width) => width !== undefined);
    case "scaled":
    case "complement":
    case "function":
      return widthOf(of.of);
    default:
      return undefined;
  }
}

function ids(of: readonly Expression[]): string {
  return of.map(({ id }) => id).join(" ");
}
