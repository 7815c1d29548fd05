import type { PartialShape } from "../tensor/shape.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { formatRef, type Ref } from "./graph.ts";
import type { GraphConstants } from "./graph-constants.ts";
import type { Program } from "./program.ts";

/** Which register of a program that is being built holds which tensor of its graph, and what is known of the tensor. */
export class Registers {
  readonly #graphConstants: Pick<GraphConstants, "of" | "read">;
  readonly #byTensor = new Map<string, number>();
  readonly #shapes = new Map<string, PartialShape>();
  readonly #constants: { readonly register: number; readonly tensor: Tensor }[] = [];
  #count = 0;

  constructor(graphConstants: Pick<GraphConstants, "of" | "read">) {
    this.#graphConstants = graphConstants;
  }

  /** How many there are by now. */
  get count(): number {
    return this.#count;
  }

  /** Those that hold the same in every run. */
  get constants(): Program["constants"] {
    return this.#constants;
  }

  /** A feed's register; they come first, in the order of the feeds. */
  feed(ref: Ref, shape: PartialShape): void {
    this.alias(ref, this.#count++, shape);
  }

  /** The register that the tensor is written to. */
  allocate(ref: Ref): number {
    const key = formatRef(ref);
    const known = this.#byTensor.get(key);
    if (known !== undefined) return known;
    this.#byTensor.set(key, this.#count);
    return this.#count++;
  }

  /** The same, with what is known of its shape. */
  produce(ref: Ref, shape: PartialShape): number {
    this.#shapes.set(formatRef(ref), shape);
    return this.allocate(ref);
  }

  /** A tensor that turned out to be the same in every run. */
  produceConstant(ref: Ref, shape: PartialShape, tensor: Tensor): void {
    this.#constants.push({ register: this.produce(ref, shape), tensor });
  }

  /** The tensor is what a register holds already. */
  alias(ref: Ref, register: number, shape: PartialShape): void {
    this.#byTensor.set(formatRef(ref), register);
    this.#shapes.set(formatRef(ref), shape);
  }

  /** The register that the tensor is read from; a constant of the graph gets one when it is first asked for. */
  read(ref: Ref): number {
    const known = this.#byTensor.get(formatRef(ref));
    if (known !== undefined) return known;
    const tensor = this.#graphConstants.read(ref);
    const register = this.allocate(ref);
    this.#constants.push({ register, tensor });
    return register;
  }

  /** What a register holds, if that is the same in every run. */
  constantIn(register: number): Tensor | undefined {
    return this.#constants.find((constant) => constant.register === register)?.tensor;
  }

  shapeOf(ref: Ref | undefined): PartialShape {
    if (ref === undefined) return undefined;
    return this.#shapes.get(formatRef(ref)) ?? this.#graphConstants.of(ref)?.shape;
  }

  /** What kernels are told of an input. */
  knownOf(ref: Ref): { readonly shape: PartialShape; readonly constant: Tensor | undefined } {
    return { shape: this.shapeOf(ref), constant: this.#graphConstants.of(ref) };
  }
}
