import koffi from "koffi";
import type { SharedWeights, Weight } from "../engine.ts";
import { NativeNames } from "../native-names.ts";
import { weightBytes } from "../weight.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { elementTypeOf } from "./element-type.ts";
import { check, checkModel } from "./status.ts";

/** A weight in native memory: an OrtValue over a buffer. */
interface NativeWeight {
  readonly value: Pointer;
  readonly buffer: Pointer;
}

/** Throws what `read` throws; nothing stays allocated then. */
function allocate({ api, memoryInfo }: Binding, weight: Weight): NativeWeight {
  const type = elementTypeOf(weight);
  const bytes = weightBytes(weight);
  // An allocation of nothing has no address.
  const buffer: Pointer = koffi.alloc("uint8_t", Math.max(bytes, 1));
  try {
    weight.read(new Uint8Array(koffi.view(buffer, bytes)));
    const shape = BigInt64Array.from(weight.shape, BigInt);
    const out = new BigUint64Array(1);
    const { length } = shape;
    check(api, api.CreateTensorWithDataAsOrtValue(memoryInfo, buffer, bytes, shape, length, type, out));
    return { value: out[0]!, buffer };
  } catch (error) {
    koffi.free(buffer);
    throw error;
  }
}

function release({ api }: Binding, values: Iterable<Pointer>, buffers: Iterable<Pointer>): void {
  for (const value of values) api.ReleaseValue(value);
  for (const buffer of buffers) koffi.free(buffer);
}

/**
 * A model's external initializers while its session is created. Those that aren't shared ONNX Runtime reads when it creates
 * the session and copies, in the layout that its kernels want; so this holds the only other copy, and `free` right after
 * the creation leaves one. Shared ones it uses where they lie.
 */
export class SessionWeights {
  readonly #binding: Binding;
  readonly #names: NativeNames;
  readonly #values: Pointer[] = [];
  readonly #own: NativeWeight[] = [];
  /** Positions of those that are shared. */
  readonly #shared: number[] = [];

  /** Allocates and reads what isn't shared. Throws what `read` throws. */
  constructor(binding: Binding, weights: readonly Weight[], shared: SharedWeights | undefined) {
    this.#binding = binding;
    this.#names = new NativeNames(weights.map((weight) => weight.name));
    try {
      for (const [i, weight] of weights.entries()) {
        const known = weight.use === "own" ? undefined : shared?.tensors.get(weight.key);
        if (known === undefined) this.#own.push(allocate(binding, weight));
        else this.#shared.push(i);
        this.#values.push(known ?? this.#own.at(-1)!.value);
      }
    } catch (error) {
      this.free();
      throw error;
    }
  }

  addTo(options: Pointer): void {
    const { api } = this.#binding;
    if (this.#values.length === 0) return;
    const values = BigUint64Array.from(this.#values);
    checkModel(api, api.AddExternalInitializers(options, this.#names.table, values, values.length));
    for (const i of this.#shared) {
      checkModel(api, api.AddInitializer(options, this.#names.pointers[i]!, this.#values[i]!));
    }
  }

  free(): void {
    release(
      this.#binding,
      this.#own.map(({ value }) => value),
      this.#own.map(({ buffer }) => buffer),
    );
    this.#names.free();
  }
}

/** Reads weights that sessions are to share. Throws what `read` throws; nothing stays allocated then. */
export function shareWeights(binding: Binding, engine: string, weights: readonly Weight[]): SharedWeights {
  const { api } = binding;
  const made = new Map<string, NativeWeight>();
  try {
    for (const weight of weights) made.set(weight.key, allocate(binding, weight));
    const out = new BigUint64Array(1);
    check(api, api.CreatePrepackedWeightsContainer(out));
    return {
      engine,
      tensors: new Map([...made].map(([key, { value }]) => [key, value])),
      buffers: [...made.values()].map(({ buffer }) => buffer),
      layouts: out[0]!,
    };
  } catch (error) {
    const all = [...made.values()];
    release(
      binding,
      all.map(({ value }) => value),
      all.map(({ buffer }) => buffer),
    );
    throw error;
  }
}

export function releaseWeights(binding: Binding, { tensors, buffers, layouts }: SharedWeights): void {
  binding.api.ReleasePrepackedWeightsContainer(layouts);
  release(binding, tensors.values(), buffers);
}
