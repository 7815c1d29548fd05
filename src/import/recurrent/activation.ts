import type { Expression, Expressions } from "./expression.ts";
import type { Activation } from "./nodes.ts";

export interface Activated {
  readonly activation: Activation;
  readonly of: Expression;
}

// Softplus isn't here: ONNX Runtime's is infinite from 89 on.
const PLAIN: Readonly<Record<string, Activation>> = {
  Tanh: { name: "Tanh" },
  Sigmoid: { name: "Sigmoid" },
  Relu: { name: "Relu" },
  Softsign: { name: "Softsign" },
  Elu: { name: "Elu", alpha: 1 },
};

/** The activation whose result an expression is. A sum or product that no function was applied to is one of the identity. */
export function activationOf(make: Expressions, of: Expression): Activated | undefined {
  const hard = hardSigmoid(make, of);
  if (hard !== undefined) return hard;
  if (of.kind === "sum" || of.kind === "product")
    return { activation: { name: "Affine", alpha: 1, beta: 0 }, of };
  if (of.kind !== "function") return undefined;
  if (of.name === "LeakyRelu") return { activation: { name: "LeakyRelu", alpha: of.parameter }, of: of.of };
  const activation = Object.hasOwn(PLAIN, of.name) ? PLAIN[of.name] : undefined;
  return activation && { activation, of: of.of };
}

/** `clip(a * x + b, 0, 1)` as Keras 2 writes it, and `relu6(x + 3) / 6` as Keras 3 does. */
function hardSigmoid(make: Expressions, of: Expression): Activated | undefined {
  if (of.kind === "scaled" && of.of.kind === "function" && of.of.name === "Relu6") {
    const activation = { name: "HardSigmoid", alpha: of.factor, beta: 0.5 };
    const inner = make.sum([of.of.of, make.number(-3)]);
    return Math.fround(of.factor * 6) === 1 ? { activation, of: inner } : undefined;
  }
  const clipped = clippedToOne(of);
  if (clipped?.kind !== "sum" || clipped.terms.length !== 1) return undefined;
  const [scaled] = clipped.terms as [Expression];
  if (scaled.kind !== "scaled") return undefined;
  return { activation: { name: "HardSigmoid", alpha: scaled.factor, beta: clipped.number }, of: scaled.of };
}

function clippedToOne(of: Expression): Expression | undefined {
  if (of.kind !== "function" || of.of.kind !== "function") return undefined;
  const [outer, inner] = [of, of.of];
  const below = (bound: Expression & { kind: "function" }) =>
    bound.name === "Minimum" && bound.parameter === 1;
  const above = (bound: Expression & { kind: "function" }) =>
    bound.name === "Maximum" && bound.parameter === 0;
  return (below(outer) && above(inner)) || (above(outer) && below(inner)) ? inner.of : undefined;
}

export function sameActivation(a: Activation, b: Activation): boolean {
  return a.name === b.name && a.alpha === b.alpha && a.beta === b.beta;
}
