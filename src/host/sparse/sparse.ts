import type { HostFamily } from "../host-op.ts";
import { denseAdd } from "./dense-add.ts";
import { denseElementwise } from "./dense-elementwise.ts";
import { fillEmptyRows } from "./fill-empty-rows.ts";
import { sparseGradients } from "./gradients.ts";
import { sparseAdd } from "./sparse-add.ts";
import { sparseConcat } from "./sparse-concat.ts";
import { sparseCross } from "./sparse-cross.ts";
import { sparseExtremes } from "./sparse-extremes.ts";
import { sparseMatmul } from "./sparse-matmul.ts";
import { sparseReduction } from "./sparse-reduction.ts";
import { sparseReorder } from "./sparse-reorder.ts";
import { sparseReshape } from "./sparse-reshape.ts";
import { sparseSlice } from "./sparse-slice.ts";
import { sparseSoftmax } from "./sparse-softmax.ts";
import { sparseToDense } from "./sparse-to-dense.ts";

/** Ops on sparse tensors: indices [count, rank], values [count] and a dense shape [rank]. */
export const sparse: HostFamily = {
  ...fillEmptyRows,
  ...sparseSoftmax,
  ...sparseReduction,
  ...sparseMatmul,
  ...sparseExtremes,
  ...sparseAdd,
  ...sparseGradients,
  ...denseElementwise,
  ...denseAdd,
  ...sparseConcat,
  ...sparseCross,
  ...sparseReorder,
  ...sparseReshape,
  ...sparseSlice,
  ...sparseToDense,
};
