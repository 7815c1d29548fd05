import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Value } from "../onnx/value.ts";
import type { OpFamily, Translator } from "../translator.ts";
import { Formula, inFloat32 } from "./formula.ts";

// Images have their three colours in the last dim.

interface Hsv {
  /** Up to 1 for a full circle. */
  readonly hue: Value;
  readonly saturation: Value;
  readonly value: Value;
  /** The value less the smallest of the colours. */
  readonly range: Value;
}

function channels(onnx: OnnxBuilder, image: Value): readonly [Value, Value, Value] {
  const parts = onnx.ops("Split", [image, onnx.ints([1, 1, 1])], { axis: -1 }, 3);
  return parts as [Value, Value, Value];
}

function join(onnx: OnnxBuilder, parts: readonly Value[]): Value {
  return onnx.op("Concat", parts, { axis: -1 });
}

function toHsv(f: Formula, [r, g, b]: readonly [Value, Value, Value]): Hsv {
  const value = f.max(r, f.max(g, b));
  const range = f.sub(value, f.min(r, f.min(g, b)));
  const saturation = f.where(f.greater(value, 0), f.div(range, value), 0);
  const norm = f.div(1, f.mul(range, 6));
  const fromGreen = f.add(f.mul(norm, f.sub(b, r)), 2 / 6);
  const fromBlue = f.add(f.mul(norm, f.sub(r, g)), 4 / 6);
  const others = f.where(f.equal(g, value), fromGreen, fromBlue);
  const turn = f.where(f.equal(r, value), f.mul(norm, f.sub(g, b)), others);
  const signed = f.where(f.greater(range, 0), turn, 0);
  return { hue: f.where(f.less(signed, 0), f.add(signed, 1), signed), saturation, value, range };
}

/** How much of each full colour a hue has. */
function colours(f: Formula, hue: Value): readonly Value[] {
  const sixth = f.mul(hue, 6);
  const clamp = (x: Value): Value => f.min(f.max(x, 0), 1);
  const around = (centre: number): Value => f.abs(f.sub(sixth, centre));
  return [clamp(f.sub(around(3), 1)), clamp(f.sub(2, around(2))), clamp(f.sub(2, around(4)))];
}

function fromHsv(
  f: Formula,
  { hue, saturation, value }: Pick<Hsv, "hue" | "saturation" | "value">,
): readonly Value[] {
  const gray = f.sub(1, saturation);
  return colours(f, hue).map((share) => f.mul(f.add(gray, f.mul(saturation, share)), value));
}

const rgbToHsv: Translator = (node, onnx) =>
  inFloat32(onnx, node.inputs, ([image]) => {
    const { hue, saturation, value } = toHsv(new Formula(onnx, image!.dtype), channels(onnx, image!));
    return join(onnx, [hue, saturation, value]);
  });

const hsvToRgb: Translator = (node, onnx) =>
  inFloat32(onnx, node.inputs, ([image]) => {
    const [hue, saturation, value] = channels(onnx, image!);
    return join(onnx, fromHsv(new Formula(onnx, image!.dtype), { hue, saturation, value }));
  });

const adjustHue: Translator = (node, onnx) => {
  const [image, delta] = node.inputs as [Value, Value];
  return inFloat32(onnx, [image], ([x]) => {
    const f = new Formula(onnx, "float32");
    const { hue, value, range } = toHsv(f, channels(onnx, x!));
    const turned = f.add(hue, delta);
    const shares = colours(f, f.sub(turned, f.floor(turned)));
    const least = f.sub(value, range);
    return join(
      onnx,
      shares.map((share) => f.add(least, f.mul(range, share))),
    );
  });
};

const adjustSaturation: Translator = (node, onnx) => {
  const [image, scale] = node.inputs as [Value, Value];
  return inFloat32(onnx, [image], ([x]) => {
    const f = new Formula(onnx, "float32");
    const { hue, saturation, value } = toHsv(f, channels(onnx, x!));
    const scaled = f.min(f.max(f.mul(saturation, scale), 0), 1);
    return join(onnx, fromHsv(f, { hue, saturation: scaled, value }));
  });
};

/** Moves each channel away from or towards its mean over the image. */
const adjustContrast: Translator = (node, onnx) => {
  const [image, factor] = node.inputs as [Value, Value];
  return inFloat32(onnx, [image], ([x]) => {
    const f = new Formula(onnx, "float32");
    const mean = onnx.op("ReduceMean", [x, onnx.ints([-3, -2])]);
    return f.add(f.mul(f.sub(x!, mean), factor), mean);
  });
};

/** The first version: the result is float32 and kept within limits. */
const adjustAndClamp: Translator = (node, onnx) => {
  const [image, factor, least, most] = node.inputs as [Value, Value, Value, Value];
  const f = new Formula(onnx, "float32");
  const x = onnx.cast(image, "float32");
  const mean = onnx.op("ReduceMean", [x, onnx.ints([-3, -2])]);
  return f.max(f.min(f.add(f.mul(f.sub(x, mean), factor), mean), most), least);
};

export const colorOps: OpFamily = {
  RGBToHSV: rgbToHsv,
  HSVToRGB: hsvToRgb,
  AdjustHue: adjustHue,
  AdjustSaturation: adjustSaturation,
  AdjustContrast: adjustAndClamp,
  AdjustContrastv2: adjustContrast,
};
