import { testHostCases, testStandIns } from "../host-cases.ts";

testHostCases("segments");
testStandIns("scattering", [
  "SegmentSum",
  "SegmentProd",
  "SegmentMax",
  "SegmentMin",
  "SegmentMean",
  "UnsortedSegmentSum",
  "UnsortedSegmentProd",
  "UnsortedSegmentMax",
  "UnsortedSegmentMin",
  "SparseSegmentSum",
  "SparseSegmentMean",
  "SparseSegmentSqrtN",
  "SparseSegmentSumWithNumSegments",
  "SparseSegmentMeanWithNumSegments",
  "SparseSegmentSqrtNWithNumSegments",
]);
testStandIns("scattering", ["Bincount", "DenseBincount"]);
