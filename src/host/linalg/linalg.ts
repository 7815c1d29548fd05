import type { HostFamily } from "../host-op.ts";
import { banded } from "./banded.ts";
import { decompositions } from "./decompositions.ts";
import { eigenvalues } from "./eigen.ts";
import { generalEigen } from "./general-eigen.ts";
import { leastSquares } from "./least-squares.ts";
import { matrixFunctions } from "./matrix-functions.ts";
import { realOnly } from "./real-only.ts";
import { solving } from "./solving.ts";
import { triangles } from "./triangles.ts";
import { tridiagonal } from "./tridiagonal.ts";

/** Ops on the matrices that a tensor's last two axes hold. */
export const linearAlgebra: HostFamily = {
  ...generalEigen,
  ...matrixFunctions,
  ...realOnly({
    ...banded,
    ...solving,
    ...triangles,
    ...decompositions,
    ...eigenvalues,
    ...leastSquares,
    ...tridiagonal,
  }),
};
