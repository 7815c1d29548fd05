/** The positions of a recurrent layer's outputs. */
export const LayerOutput = {
  /** What all steps show: [time, batch, units] */
  all: 0,
  /** What the last step shows: [1, batch, units] */
  last: 1,
  /** The states after the last step: [batch, units] */
  h: 2,
  c: 3,
} as const;

/** What an input of a recurrent layer's node is. */
export type LayerInput =
  | "x"
  | "w"
  | "r"
  | "bias"
  | "peepholes"
  | "mask"
  | "lengths"
  | "h"
  | "c"
  | "before"
  | "bound";

/** An activation function as ONNX's recurrent ops name it, with the parameters that it takes. */
export interface Activation {
  readonly name: string;
  readonly alpha?: number;
  readonly beta?: number;
}

/** What a step that doesn't count shows: the output before it, the state, or zeros. */
export type MaskedOutput = "repeated" | "state" | "zeros";

/** All that is known of a recurrent layer before its inputs are. */
export interface LayerSpec {
  readonly op: "LSTM" | "GRU" | "RNN";
  readonly units: number;
  readonly activations: readonly Activation[];
  readonly resetAfter: boolean;
  readonly masked: MaskedOutput;
  /** Bounds of the number of steps that are known, beside those among the inputs. */
  readonly bounds: readonly number[];
  /** Whether no steps are an error: TensorFlow can't stack no elements of a shape that isn't known. */
  readonly failsEmpty: boolean;
  readonly inputs: readonly LayerInput[];
}
