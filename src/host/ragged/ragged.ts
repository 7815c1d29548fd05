import type { HostFamily } from "../host-op.ts";
import { raggedCross } from "./ragged-cross.ts";
import { raggedGather } from "./ragged-gather.ts";
import { raggedRange } from "./ragged-range.ts";
import { raggedTensorToSparse } from "./ragged-tensor-to-sparse.ts";
import { raggedTensorToTensor } from "./ragged-tensor-to-tensor.ts";

/** Ops on rows of differing lengths. */
export const ragged: HostFamily = {
  ...raggedCross,
  ...raggedGather,
  ...raggedRange,
  ...raggedTensorToSparse,
  ...raggedTensorToTensor,
};
