import { testStandIns } from "../host-cases.ts";

testStandIns("blocks", [
  "SpaceToBatchND",
  "BatchToSpaceND",
  "SpaceToBatch",
  "BatchToSpace",
  "Pad",
  "PadV2",
  "MirrorPad",
]);
testStandIns("generation", ["OneHot"]);
testStandIns("selection", ["TopKV2", "TopK", "ApproxTopK"]);
testStandIns("slicing", ["TensorStridedSliceUpdate", "Reverse", "ReverseSequence", "Roll"]);
testStandIns("diagonals", [
  "MatrixDiag",
  "MatrixDiagV2",
  "MatrixDiagV3",
  "MatrixDiagPart",
  "MatrixDiagPartV2",
  "MatrixDiagPartV3",
  "MatrixSetDiag",
  "MatrixSetDiagV2",
  "MatrixSetDiagV3",
  "BatchMatrixDiag",
  "BatchMatrixDiagPart",
  "BatchMatrixSetDiag",
  "Diag",
  "DiagPart",
]);
testStandIns("scattering", ["DynamicStitch", "ParallelDynamicStitch", "DynamicPartition"]);
