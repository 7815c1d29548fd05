import { createOnnxRuntimeEngine } from "../src/engines/onnxruntime/engine.ts";
import { SavedModelLoading } from "../src/loaders/saved-model-loading.ts";
import { imported } from "../src/loaders/servable-payload.ts";
import { createLogger } from "../src/status/log.ts";
import { fileStorage } from "../src/storage/file.ts";
import type { NumericTensor } from "../src/tensor/tensor.ts";
import type { BenchModel } from "./models.ts";
import { randomInput } from "./requests.ts";

/** What the model's session costs without a server around it. */
export interface InProcess {
  /** The input's name in the signature. */
  readonly key: string;
  readonly input: NumericTensor;
  /** Of one run on one thread: the fastest of some rounds, so that other processes don't count. */
  readonly microseconds: number;
}

const ROUNDS = 7;
const ROUND_MILLISECONDS = 150;

export async function measureInProcess({ name, path, version }: BenchModel): Promise<InProcess> {
  const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
  const log = createLogger({ write: () => {} }, "bench");
  const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log });
  const payload = imported(await loading.load({ name, version: BigInt(version) }, `${path}/${version}`));
  try {
    const signature = payload.signatures.get("serving_default")!;
    const { sessions } = payload.programs.get("serving_default")!;
    if (sessions.length !== 1) throw new Error(`${name} is not one session`);
    const session = engine.attach(payload.sessions[sessions[0]!]!.session);
    const input = randomInput(signature);
    const outputs = session.outputs.map((_, i) => i);
    const rounds = Array.from({ length: ROUNDS }, () =>
      timeRound(() => session.run([input], outputs).dispose()),
    );
    session.release();
    return { key: [...signature.inputs.keys()][0]!, input, microseconds: Math.min(...rounds) };
  } finally {
    await loading.unload(payload);
  }
}

/** Microseconds of CPU time per call. */
function timeRound(run: () => void): number {
  const end = performance.now() + ROUND_MILLISECONDS;
  const before = process.cpuUsage();
  let runs = 0;
  for (; performance.now() < end; runs++) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / runs;
}
