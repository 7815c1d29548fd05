import { unimplemented } from "../../status/status.ts";
import type { OnnxBuilder } from "../onnx/builder.ts";
import type { Dim, Value } from "../onnx/value.ts";

/** Where a tensor's channels lie: behind the spatial dims (TensorFlow's default) or before them (ONNX's only way). */
export interface DataFormat {
  readonly channelsLast: boolean;
  /** How many spatial dims there are; batch and channels come on top. */
  readonly spatialRank: number;
}

const CHANNELS_LAST = new Set(["NHWC", "NDHWC", "NWC", "CHANNELS_LAST"]);
const CHANNELS_FIRST = new Set(["NCHW", "NCDHW", "NCW", "CHANNELS_FIRST"]);

/**
 * Reads the attribute `data_format`.
 * @throws StatusError UNIMPLEMENTED for the vectorized formats, which only GPU kernels know.
 */
export function dataFormat(text: string, spatialRank: number): DataFormat {
  if (CHANNELS_LAST.has(text)) return { channelsLast: true, spatialRank };
  if (CHANNELS_FIRST.has(text)) return { channelsLast: false, spatialRank };
  throw unimplemented(`expected a data_format that keeps channels in one dim (as NHWC or NCHW), got ${text}`);
}

/** The spatial entries of a list with one entry per dim of the tensor. */
export function spatialPart<T>(list: readonly T[], { channelsLast, spatialRank }: DataFormat): readonly T[] {
  const first = channelsLast ? 1 : 2;
  return list.slice(first, first + spatialRank);
}

export function channelAxis({ channelsLast, spatialRank }: DataFormat): number {
  return channelsLast ? spatialRank + 1 : 1;
}

export function channelCount(x: Value, format: DataFormat): Dim | undefined {
  return x.shape?.[channelAxis(format)];
}

export function toChannelsFirst(
  onnx: OnnxBuilder,
  x: Value,
  { channelsLast, spatialRank }: DataFormat,
): Value {
  if (!channelsLast) return x;
  return onnx.toChannelsFirst(x, spatialRank + 2);
}

export function toChannelsLast(
  onnx: OnnxBuilder,
  x: Value,
  { channelsLast, spatialRank }: DataFormat,
): Value {
  if (channelsLast) return x;
  return fromChannelsFirst(onnx, x, { channelsLast: true, spatialRank });
}

/** Brings a tensor with its channels first into `format`. */
export function fromChannelsFirst(
  onnx: OnnxBuilder,
  x: Value,
  { channelsLast, spatialRank }: DataFormat,
): Value {
  if (!channelsLast) return x;
  return onnx.toChannelsLast(x, spatialRank + 2);
}

/** Brings a tensor with its channels last into `format`. */
export function fromChannelsLast(
  onnx: OnnxBuilder,
  x: Value,
  { channelsLast, spatialRank }: DataFormat,
): Value {
  if (channelsLast) return x;
  return toChannelsFirst(onnx, x, { channelsLast: true, spatialRank });
}
