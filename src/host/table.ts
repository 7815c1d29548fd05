import { arranging } from "./arrays/arranging.ts";
import { blocks } from "./arrays/blocks.ts";
import { choosing } from "./arrays/choosing.ts";
import { diagonals } from "./arrays/diagonals.ts";
import { gathering } from "./arrays/gathering.ts";
import { gradientArgs } from "./arrays/gradient-args.ts";
import { inPlace } from "./arrays/in-place.ts";
import { joining } from "./arrays/joining.ts";
import { layouts } from "./arrays/layouts.ts";
import { measuring } from "./arrays/measuring.ts";
import { nearestNeighbors } from "./arrays/nearest-neighbors.ts";
import { numberOps } from "./arrays/numbers.ts";
import { oneHotEncoding } from "./arrays/one-hot.ts";
import { padding } from "./arrays/padding.ts";
import { partitioning } from "./arrays/partitioning.ts";
import { positions } from "./arrays/positions.ts";
import { reshaping } from "./arrays/reshaping.ts";
import { scalars } from "./arrays/scalars.ts";
import { sliceWriting } from "./arrays/slice-writing.ts";
import { slicing } from "./arrays/slicing.ts";
import { topK } from "./arrays/top-k.ts";
import { turning } from "./arrays/turning.ts";
import { assertion } from "./assertion.ts";
import { batching } from "./batching/batching.ts";
import { counting } from "./counting/counting.ts";
import { decoding } from "./decoding/decoding.ts";
import { detection } from "./detection/detection.ts";
import { decodeJsonExample } from "./examples/decode-json-example.ts";
import { parseExample } from "./examples/parse-example.ts";
import { parseSequenceExample } from "./examples/parse-sequence-example.ts";
import { parseSingleSequenceExample } from "./examples/parse-single-sequence-example.ts";
import { files } from "./files/files.ts";
import type { HostFamily, ValueFamily } from "./host-op.ts";
import { boundingBoxes } from "./images/bounding-boxes.ts";
import { decodeImage } from "./images/codecs/decode-image.ts";
import { encodeImage } from "./images/codecs/encode-image.ts";
import { extractJpegShape } from "./images/codecs/extract-jpeg-shape.ts";
import { glimpses } from "./images/glimpses.ts";
import { projections } from "./images/projection.ts";
import { resizeGradients } from "./images/resize-gradients.ts";
import { linearAlgebra } from "./linalg/linalg.ts";
import { tensorLists } from "./lists/tensor-lists.ts";
import { complexNumbers } from "./math/complex.ts";
import { counters } from "./math/counters.ts";
import { specialFunctions } from "./math/special.ts";
import { passThrough } from "./pass-through.ts";
import { placeholders } from "./placeholder.ts";
import { quantization } from "./quantization/quantization.ts";
import { quantizedLayers } from "./quantization/quantized-layers.ts";
import { quantizedOps } from "./quantization/quantized-ops.ts";
import { uniformQuantization } from "./quantization/uniform.ts";
import { ragged } from "./ragged/ragged.ts";
import { randomNumbers } from "./random/random.ts";
import { blockLstms } from "./recurrent/block-lstm.ts";
import { segments } from "./segments/segments.ts";
import { sparseDeserialization } from "./serialization/deserialize-sparse.ts";
import { sparseSerialization } from "./serialization/serialize-sparse.ts";
import { tensorSerialization } from "./serialization/serialize-tensor.ts";
import { sets } from "./sets/sets.ts";
import { signals } from "./signal/signal.ts";
import { sparse } from "./sparse/sparse.ts";
import { stringOps } from "./strings/table.ts";
import { updates } from "./updates/updates.ts";
import { optionals } from "./variants/optionals.ts";
import { raggedVariants } from "./variants/ragged-variants.ts";
import { tensorMaps } from "./variants/tensor-maps.ts";
import { windows } from "./windows/windows.ts";

/** Every TensorFlow op that TypeScript can run. */
export const hostOps: HostFamily = {
  ...passThrough,
  ...assertion,
  ...placeholders,
  ...complexNumbers,
  ...signals,
  ...linearAlgebra,
  ...boundingBoxes,
  ...glimpses,
  ...projections,
  ...resizeGradients,
  ...quantization,
  ...quantizedLayers,
  ...quantizedOps,
  ...uniformQuantization,
  ...randomNumbers,
  ...specialFunctions,
  ...counters,
  ...arranging,
  ...blocks,
  ...choosing,
  ...diagonals,
  ...gathering,
  ...gradientArgs,
  ...inPlace,
  ...joining,
  ...layouts,
  ...measuring,
  ...numberOps,
  ...nearestNeighbors,
  ...oneHotEncoding,
  ...padding,
  ...partitioning,
  ...positions,
  ...reshaping,
  ...scalars,
  ...sliceWriting,
  ...slicing,
  ...topK,
  ...turning,
  ...parseExample,
  ...parseSequenceExample,
  ...parseSingleSequenceExample,
  ...decodeJsonExample,
  ...batching,
  ...counting,
  ...decodeImage,
  ...decoding,
  ...detection,
  ...encodeImage,
  ...extractJpegShape,
  ...files,
  ...ragged,
  ...blockLstms,
  ...segments,
  ...sets,
  ...tensorSerialization,
  ...sparse,
  ...stringOps,
  ...updates,
  ...windows,
};

/** Every TensorFlow op that takes or gives variants, at least in some of its uses. */
export const valueOps: ValueFamily = {
  ...optionals,
  ...raggedVariants,
  ...sparseDeserialization,
  ...sparseSerialization,
  ...tensorLists,
  ...tensorMaps,
};
