import type { EngineModel, OperatorThreads, SharedWeights } from "../engine.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { elementTypeOf } from "./element-type.ts";
import { LOG_FATAL } from "./environment.ts";
import { checkSignature } from "./signature.ts";
import { check, checkModel } from "./status.ts";
import { SessionWeights } from "./weights.ts";

/** GraphOptimizationLevel. */
const OPTIMIZE_ALL = 99;

const CONFIG: Readonly<Record<string, string>> = {
  // Weights don't come and go, so they need no arena, which takes more than it is asked for.
  "session.use_device_allocator_for_initializers": "1",
};

/**
 * Creates a native session on the calling thread. Takes the memory of weights that aren't shared twice while it runs.
 * @throws StatusError INVALID_ARGUMENT if ONNX Runtime can't take the model, or the model's inputs and outputs differ
 *   from those declared.
 */
export function createSession(
  binding: Binding,
  env: Pointer,
  model: EngineModel,
  threads: OperatorThreads,
  shared: SharedWeights | undefined,
): Pointer {
  const { api } = binding;
  for (const tensor of [...model.inputs, ...model.outputs]) elementTypeOf(tensor);
  const session = withOptions(binding, threads, (options) => {
    const weights = new SessionWeights(binding, model.weights, shared);
    try {
      weights.addTo(options);
      const { graph } = model;
      const out = new BigUint64Array(1);
      const status =
        shared === undefined
          ? api.CreateSessionFromArray(env, graph, graph.byteLength, options, out)
          : api.CreateSessionFromArrayWithPrepackedWeightsContainer(
              env,
              graph,
              graph.byteLength,
              options,
              shared.layouts,
              out,
            );
      checkModel(api, status);
      return out[0]!;
    } finally {
      weights.free();
    }
  });
  try {
    checkSignature(api, session, model);
    return session;
  } catch (error) {
    api.ReleaseSession(session);
    throw error;
  }
}

function withOptions<T>({ api }: Binding, threads: OperatorThreads, use: (options: Pointer) => T): T {
  const out = new BigUint64Array(1);
  check(api, api.CreateSessionOptions(out));
  const options = out[0]!;
  try {
    check(api, api.SetSessionLogSeverityLevel(options, LOG_FATAL));
    check(api, api.SetSessionGraphOptimizationLevel(options, OPTIMIZE_ALL));
    // A session with a pool of its own of one thread, the calling one, has none.
    if (threads === "caller") check(api, api.SetIntraOpNumThreads(options, 1));
    else check(api, api.DisablePerSessionThreads(options));
    // A memory pattern is kept for every input shape that was ever run: without end where shapes vary.
    check(api, api.DisableMemPattern(options));
    for (const [key, value] of Object.entries(CONFIG)) {
      check(api, api.AddSessionConfigEntry(options, key, value));
    }
    return use(options);
  } finally {
    api.ReleaseSessionOptions(options);
  }
}
