import type { OpFamily } from "../translator.ts";
import { activationOps } from "./activation.ts";
import { activationGradientOps } from "./activation-gradient.ts";
import { argReductionOps } from "./arg-reduction.ts";
import { arithmeticOps } from "./arithmetic.ts";
import { arrangedWeightOps } from "./arranged-weight.ts";
import { batchNormalizationOps } from "./batch-normalization.ts";
import { blockOps } from "./blocks.ts";
import { castOps } from "./cast.ts";
import { colorOps } from "./color.ts";
import { combinedNonMaxSuppressionOps } from "./combined-non-max-suppression.ts";
import { comparisonOps } from "./comparison.ts";
import { convolutionOps } from "./convolution.ts";
import { countingOps } from "./counting.ts";
import { cropAndResizeOps } from "./crop-and-resize.ts";
import { cumulativeOps } from "./cumulative.ts";
import { diagonalOps } from "./diagonals.ts";
import { einsumOps } from "./einsum.ts";
import { fusedOps } from "./fused-ops.ts";
import { gatheringOps } from "./gathering.ts";
import { generationOps } from "./generation.ts";
import { graphOps } from "./graph-ops.ts";
import { inPlaceOps } from "./in-place.ts";
import { joiningOps } from "./joining.ts";
import { listOps } from "./lists.ts";
import { matmulOps } from "./matmul.ts";
import { nonMaxSuppressionOps } from "./non-max-suppression.ts";
import { normalizationGradientOps } from "./normalization-gradient.ts";
import { paddingOps } from "./padding.ts";
import { poolingOps } from "./pooling.ts";
import { quantizationOps } from "./quantization.ts";
import { rankingOps } from "./ranking.ts";
import { recurrentCellOps } from "./recurrent-cells.ts";
import { recurrentLayerOps } from "./recurrent-layer.ts";
import { reductionOps } from "./reduction.ts";
import { resizeOps } from "./resize.ts";
import { resizeBySharesOps } from "./resize-by-shares.ts";
import { scatteringOps } from "./scattering.ts";
import { segmentOps } from "./segments.ts";
import { selectionOps } from "./selection.ts";
import { shapeOps } from "./shape-ops.ts";
import { slicingOps } from "./slicing.ts";
import { softmaxOps } from "./softmax.ts";
import { specialFunctionOps } from "./special-functions.ts";
import { stridedSliceOps } from "./strided-slice.ts";
import { transcendentalOps } from "./transcendental.ts";
import { transposedConvolutionOps } from "./transposed-convolution.ts";
import { windowOps } from "./window-ops.ts";
import { xlaOps } from "./xla.ts";

/** Every TensorFlow op that can be part of an ONNX region. */
export const translators: OpFamily = {
  ...graphOps,
  ...blockOps,
  ...countingOps,
  ...diagonalOps,
  ...gatheringOps,
  ...generationOps,
  ...inPlaceOps,
  ...joiningOps,
  ...listOps,
  ...paddingOps,
  ...scatteringOps,
  ...segmentOps,
  ...selectionOps,
  ...shapeOps,
  ...slicingOps,
  ...stridedSliceOps,
  ...batchNormalizationOps,
  ...colorOps,
  ...combinedNonMaxSuppressionOps,
  ...convolutionOps,
  ...fusedOps,
  ...arrangedWeightOps,
  ...recurrentCellOps,
  ...recurrentLayerOps,
  ...cropAndResizeOps,
  ...nonMaxSuppressionOps,
  ...normalizationGradientOps,
  ...poolingOps,
  ...quantizationOps,
  ...resizeBySharesOps,
  ...resizeOps,
  ...transposedConvolutionOps,
  ...windowOps,
  ...activationOps,
  ...activationGradientOps,
  ...argReductionOps,
  ...arithmeticOps,
  ...castOps,
  ...comparisonOps,
  ...cumulativeOps,
  ...einsumOps,
  ...matmulOps,
  ...rankingOps,
  ...reductionOps,
  ...softmaxOps,
  ...specialFunctionOps,
  ...transcendentalOps,
  ...xlaOps,
};
