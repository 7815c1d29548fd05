import type { HostFamily } from "../host-op.ts";
import { boundedNormal } from "./bounded-normal-ops.ts";
import { generatorStates } from "./generator-state.ts";
import { statefulRandom } from "./stateful.ts";
import { statelessRandom } from "./stateless.ts";
import { statelessDraws } from "./stateless-draws.ts";

/** Ops that make random numbers. */
export const randomNumbers: HostFamily = {
  ...statelessRandom,
  ...statelessDraws,
  ...statefulRandom,
  ...generatorStates,
  ...boundedNormal,
};
