import { clone } from "@bufbuild/protobuf";
import {
  type BundleEntryProto,
  BundleEntryProtoSchema,
} from "../../proto/gen/tensorflow/core/protobuf/tensor_bundle_pb.ts";
import { invalidArgument } from "../../status/status.ts";
import { parseBundleEntries, SLICE_KEY_PREFIX } from "./bundle-index.ts";
import { writeIndex } from "./bundle-writer.ts";
import { shardFile } from "./stored-bundle.ts";

/** A bundle to be merged with others. */
export interface MergedPart {
  readonly prefix: string;
  /** The contents of its index. */
  readonly index: Uint8Array;
}

/** What makes one bundle of several. */
export interface BundleMerge {
  readonly index: Uint8Array;
  /** The data files: where each is, and where it goes. */
  readonly moves: readonly { readonly from: string; readonly to: string }[];
}

/**
 * One index for the data files of several bundles, which stay as they are (`MergeBundles` in
 * tensorflow/core/util/tensor_bundle/tensor_bundle.cc). Slices of one tensor may be in several.
 * @param prefix what the names of the merged bundle's files begin with.
 * @throws StatusError INVALID_ARGUMENT for a tensor that is in two, or slices that don't belong together; DATA_LOSS for a
 * damaged index.
 */
export function mergeBundles(parts: readonly MergedPart[], prefix: string): BundleMerge {
  const merged = new Map<string, BundleEntryProto>();
  const shards = new Map<string, number>();
  for (const part of parts) {
    const { entries, shardCount } = parseBundleEntries(part.index);
    for (const [key, entry] of entries) {
      const file = shardFile(part.prefix, entry.shardId, shardCount);
      const shardId = shards.get(file) ?? shards.size;
      shards.set(file, shardId);
      const known = merged.get(key);
      if (known !== undefined) joinSlices(key, known, entry, part.prefix);
      else merged.set(key, { ...clone(BundleEntryProtoSchema, entry), shardId });
    }
  }
  const moves = [...shards].map(([from, shard]) => ({ from, to: shardFile(prefix, shard, shards.size) }));
  return { index: writeIndex(merged, shards.size), moves };
}

function joinSlices(key: string, known: BundleEntryProto, other: BundleEntryProto, prefix: string): void {
  if (known.slices.length === 0 || other.slices.length === 0) {
    const name = key.startsWith(SLICE_KEY_PREFIX) ? "a slice" : Buffer.from(key, "latin1").toString();
    throw invalidArgument(`Duplicate tensor keyed by ${name} encountered, when merging prefix: ${prefix}`);
  }
  const shapeOf = ({ shape }: BundleEntryProto) => (shape?.dim ?? []).map(({ size }) => size).join(",");
  if (known.dtype !== other.dtype || shapeOf(known) !== shapeOf(other)) {
    const name = Buffer.from(key, "latin1").toString();
    throw invalidArgument(
      `The slices of ${name} belong to different tensors, when merging prefix: ${prefix}`,
    );
  }
  known.slices.push(...other.slices);
}
