import type { OnnxEngine, OnnxSessionDescriptor, RunResult } from "../../src/engines/engine.ts";
import { innerPrograms, type Program } from "../../src/import/program.ts";
import { loadKernels } from "../../src/loaders/kernels.ts";
import { isKernelStep, ProgramRunner } from "../../src/loaders/program-runner.ts";
import { SavedModelLoading } from "../../src/loaders/saved-model-loading.ts";
import { imported, type ServablePayload } from "../../src/loaders/servable-payload.ts";
import { accessOf, attachState, stepsWithin } from "../../src/loaders/servable-state.ts";
import { fileStorage } from "../../src/storage/file.ts";
import { type CorpusModel, requestOf } from "./corpus.ts";
import { withWeights } from "./optimized-model.ts";

const LOADS = 3;

const silent = { info() {}, warning() {}, error() {} };

/** A signature as this project imports it. */
export interface Imported {
  /** What ONNX Runtime got, a model for each region. */
  readonly models: readonly Uint8Array[];
  readonly hostOps: number;
  /** Of reading, importing and creating sessions, for all signatures: the fastest of some loads. */
  readonly loadMilliseconds: number;
  /** The signature's inputs. */
  readonly inputs: readonly string[];
  /** One request. */
  readonly run: () => RunResult | Promise<RunResult>;
  readonly release: () => Promise<void>;
}

/** An engine that remembers what its sessions were made of, weights included: those can be read only during a load. */
function recording(engine: OnnxEngine, models: Map<bigint, Uint8Array>): OnnxEngine {
  return {
    name: engine.name,
    shareWeights: (weights) => engine.shareWeights(weights),
    releaseWeights: (shared) => engine.releaseWeights(shared),
    attach: (descriptor) => engine.attach(descriptor),
    destroy: (descriptor) => {
      models.delete(descriptor.handle);
      engine.destroy(descriptor);
    },
    create: async (model, threads, shared): Promise<OnnxSessionDescriptor> => {
      const descriptor = await engine.create(model, threads, shared);
      models.set(descriptor.handle, withWeights(model));
      return descriptor;
    },
  };
}

/** Loads a model and makes its request ready. @throws StatusError if it can't be loaded. */
export async function importModel(model: CorpusModel, engine: OnnxEngine): Promise<Imported> {
  const times: number[] = [];
  for (let i = 0; i < LOADS; i++) {
    const loading = loader(model, engine);
    const start = performance.now();
    const payload = imported(await loadWith(loading, model));
    times.push(performance.now() - start);
    await loading.unload(payload);
  }
  const models = new Map<bigint, Uint8Array>();
  const loading = loader(model, recording(engine, models));
  const payload = imported(await loadWith(loading, model));
  const { programs, sessions, signatures } = payload;
  const key = model.case.signature;
  const [signature, loaded] = [signatures.get(key)!, programs.get(key)!];
  const attached = loaded.sessions.map((position) => engine.attach(sessions[position]!.session));
  // All on this thread, so that nothing but the work itself is timed.
  const state = attachState(payload.state);
  const access = accessOf(loaded.program, payload.state);
  const compile = await loadKernels(stepsWithin(loaded.program).filter(isKernelStep));
  const runner = new ProgramRunner(loaded.program, attached, (step) => compile(step, state, access));
  const request = requestOf(model, signature.inputs.keys());
  const inputs = [...signature.inputs].map(
    ([name, { defaultValue }]) => (request.get(name) ?? defaultValue)!,
  );
  const outputs = [...signature.outputs.keys()].map((_, i) => i);
  return {
    models: [...new Set(loaded.sessions)].map((position) => models.get(sessions[position]!.session.handle)!),
    hostOps: countHostOps(loaded.program),
    loadMilliseconds: Math.min(...times),
    inputs: [...signature.inputs.keys()],
    run: () => runner.run(inputs, outputs),
    release: async () => {
      for (const session of attached) session.release();
      await loading.unload(payload);
    },
  };
}

function loader({ tags }: CorpusModel, engine: OnnxEngine): SavedModelLoading {
  return new SavedModelLoading({ storage: fileStorage, engine, tags, log: silent });
}

function loadWith(
  loading: SavedModelLoading,
  { name, version, folder }: CorpusModel,
): Promise<ServablePayload> {
  return loading.load({ name, version: BigInt(version) }, `${folder}/${version}`);
}

/** Control flow counts as an op, and what it holds too. */
function countHostOps({ steps }: Program): number {
  return steps
    .filter((step) => step.kind !== "session")
    .reduce(
      (sum, step) => sum + innerPrograms(step).reduce((count, program) => count + countHostOps(program), 1),
      0,
    );
}
