import type { Attributes } from "../../registry/attributes.ts";
import { invalidArgument } from "../../status/status.ts";
import type { Shape } from "../../tensor/shape.ts";
import { formatShape } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { integer, integers } from "../arrays/elements.ts";
import { knownIntegers, ofRank, vectorLength } from "../arrays/known-shapes.ts";
import type { HostFamily, HostOp, KnownInput } from "../host-op.ts";
import type { FloatType } from "../math/floats.ts";
import {
  anyInteger,
  type Distribution,
  type IntegerType,
  integerBetween,
  normal,
  truncatedNormal,
  uniform,
} from "./distributions.ts";
import { drawClasses } from "./multinomial.ts";
import { bigintOf, Philox, words64 } from "./philox.ts";

/** The numbers of tensorflow::Algorithm that the CPU knows: Philox, and the best there is, which is Philox too. */
const PHILOX = 1;
const AUTO_SELECT = 3;

/** The key with which TensorFlow scrambles seeds (GenerateKey in stateless_random_ops.cc). */
const SCRAMBLING_KEY = [0x3ec8f720, 0x02461e29] as const;

interface KeyCounter {
  readonly key: readonly [number, number];
  readonly counter: readonly number[];
}

/** @throws StatusError INVALID_ARGUMENT unless there are two seeds. */
export function scramble(seed: Tensor): KeyCounter {
  if (seed.shape.length !== 1 || seed.shape[0] !== 2) {
    throw invalidArgument(`seed must have shape [2], not ${formatShape(seed.shape)}`);
  }
  const [first, second] = Array.from(seed.data as ArrayLike<number | bigint>, BigInt) as [bigint, bigint];
  const mixed = new Uint32Array(4);
  new Philox(SCRAMBLING_KEY, [...words64(first), ...words64(second)]).fill(mixed);
  return { key: [mixed[0]!, mixed[1]!], counter: [0, 0, mixed[2]!, mixed[3]!] };
}

export function philoxOf({ key, counter }: KeyCounter): Philox {
  return new Philox(key, counter);
}

/** @throws StatusError INVALID_ARGUMENT for an algorithm that the CPU lacks, or a key and counter that it can't take. */
export function philoxOfInputs(key: Tensor, counter: Tensor, alg: Tensor): Philox {
  if (alg.shape.length !== 0) {
    throw invalidArgument(`input 3 (0-based) must have shape [], not ${formatShape(alg.shape)}`);
  }
  const algorithm = integer(alg);
  if (algorithm !== PHILOX && algorithm !== AUTO_SELECT) {
    throw invalidArgument(`Unsupported algorithm id: ${algorithm}`);
  }
  if (key.shape.length !== 1 || key.shape[0] !== 1) {
    throw invalidArgument(
      `key must have shape [1], not ${formatShape(key.shape)}. (Note that batched keys are not supported yet.)`,
    );
  }
  if (counter.shape.length !== 1 || counter.shape[0]! < 1) {
    throw invalidArgument(
      `counter must be a vector with length at least 1; got shape: ${formatShape(counter.shape)}. ` +
        `(Note that batched counters are not supported yet.)`,
    );
  }
  const [low, high] = counter.data as BigUint64Array;
  return philoxOf({
    key: words64(key.data[0] as bigint),
    counter: [...words64(low!), ...words64(high ?? 0n)],
  });
}

/** The shape that a vector of integers says. */
export function shapeOf(tensor: Tensor): Shape {
  if (tensor.shape.length !== 1) {
    throw invalidArgument(`shape must be a vector of {int32,int64}, got shape ${formatShape(tensor.shape)}`);
  }
  const shape = integers(tensor);
  const negative = shape.find((dim) => dim < 0);
  if (negative !== undefined) throw invalidArgument(`Dimension ${negative} must be >= 0`);
  return shape;
}

export function knownShapeOf(input: KnownInput): readonly [ReturnType<typeof ofRank>] {
  return [knownIntegers(input) ?? ofRank(vectorLength(input))];
}

type Choose = (attrs: Attributes, rest: readonly Tensor[]) => Distribution;

/** Inputs: shape, seed, and what else the distribution needs. */
function fromSeed(choose: Choose): HostOp {
  return {
    shapes: (_, [shape]) => knownShapeOf(shape!),
    compile:
      (attrs) =>
      ([shape, seed, ...rest]) => {
        const random = philoxOf(scramble(seed!));
        return [choose(attrs, rest)(shapeOf(shape!), random)];
      },
  };
}

/** Inputs: shape, key, counter, algorithm, and what else the distribution needs. */
function fromKey(choose: Choose): HostOp {
  return {
    shapes: (_, [shape]) => knownShapeOf(shape!),
    compile:
      (attrs) =>
      ([shape, key, counter, alg, ...rest]) => {
        const random = philoxOfInputs(key!, counter!, alg!);
        return [choose(attrs, rest)(shapeOf(shape!), random)];
      },
  };
}

const floatType = (attrs: Attributes): FloatType => attrs.dtype("dtype") as FloatType;
const integerType = (attrs: Attributes): IntegerType => attrs.dtype("dtype") as IntegerType;

const ofUniform: Choose = (attrs) => uniform(floatType(attrs));
const ofNormal: Choose = (attrs) => normal(floatType(attrs));
const ofTruncatedNormal: Choose = (attrs) => truncatedNormal(floatType(attrs));
const ofIntegers: Choose = (attrs, [min, max]) => integerBetween(integerType(attrs), min!, max!);
const ofAllIntegers: Choose = (attrs) => anyInteger(integerType(attrs));

const ALGORITHM: Tensor = { dtype: "int32", shape: [], data: Int32Array.of(PHILOX) };

function keyCounterTensors(seed: Tensor): readonly [Tensor, Tensor] {
  const { key, counter } = scramble(seed);
  const upper = bigintOf(counter[2]!, counter[3]!);
  return [
    { dtype: "uint64", shape: [1], data: BigUint64Array.of(bigintOf(...key)) },
    { dtype: "uint64", shape: [2], data: BigUint64Array.of(0n, upper) },
  ];
}

const getAlg: HostOp = { shapes: () => [[]], compile: () => () => [ALGORITHM] };

const getKeyCounter: HostOp = {
  shapes: () => [[1], [2]],
  compile:
    () =>
    ([seed]) =>
      keyCounterTensors(seed!),
};

const getKeyCounterAlg: HostOp = {
  shapes: () => [[1], [2], []],
  compile:
    () =>
    ([seed]) => [...keyCounterTensors(seed!), ALGORITHM],
};

const statelessMultinomial: HostOp = {
  shapes: (_, [logits, count]) => [[logits!.shape?.[0] ?? -1, knownIntegers(count!)?.[0] ?? -1]],
  compile: (attrs) => {
    const dtype = attrs.dtype("output_dtype") as "int32" | "int64";
    return ([logits, count, seed]) => {
      const random = philoxOf(scramble(seed!));
      return [drawClasses(logits!, count!, dtype, random)];
    };
  },
};

/** Random numbers that depend on nothing but their inputs: the same, bit for bit, as TensorFlow's on a CPU. */
export const statelessRandom: HostFamily = {
  StatelessRandomGetAlg: getAlg,
  StatelessRandomGetKeyCounter: getKeyCounter,
  StatelessRandomGetKeyCounterAlg: getKeyCounterAlg,
  StatelessRandomUniform: fromSeed(ofUniform),
  StatelessRandomUniformV2: fromKey(ofUniform),
  StatelessRandomNormal: fromSeed(ofNormal),
  StatelessRandomNormalV2: fromKey(ofNormal),
  StatelessTruncatedNormal: fromSeed(ofTruncatedNormal),
  StatelessTruncatedNormalV2: fromKey(ofTruncatedNormal),
  StatelessRandomUniformInt: fromSeed(ofIntegers),
  StatelessRandomUniformIntV2: fromKey(ofIntegers),
  StatelessRandomUniformFullInt: fromSeed(ofAllIntegers),
  StatelessRandomUniformFullIntV2: fromKey(ofAllIntegers),
  StatelessMultinomial: statelessMultinomial,
};
