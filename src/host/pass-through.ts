import type { HostFamily, HostOp } from "./host-op.ts";

const identity: HostOp = {
  shapes: (_, inputs) => inputs.map((input) => input.shape),
  compile: () => (inputs) => inputs,
};

/** What is printed is for whoever watches the process; the op hands its first input on. */
const first: HostOp = {
  shapes: (_, [input]) => [input!.shape],
  compile:
    () =>
    ([input]) => [input!],
};

/** Ops that hand on what the numeric graph can't carry, such as strings. */
export const passThrough: HostFamily = {
  Identity: identity,
  IdentityN: identity,
  StopGradient: identity,
  PreventGradient: identity,
  Snapshot: identity,
  GuaranteeConst: identity,
  Copy: identity,
  CopyHost: identity,
  DeepCopy: identity,
  RefIdentity: identity,
  DebugIdentity: identity,
  DebugIdentityV2: identity,
  DebugGradientIdentity: identity,
  DebugGradientRefIdentity: identity,
  Print: first,
};
