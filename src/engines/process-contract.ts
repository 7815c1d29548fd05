import { once } from "node:events";
import { isMainThread, parentPort, Worker, workerData } from "node:worker_threads";
import type { NumericTensor } from "../tensor/tensor.ts";
import type { Engine, SessionDescriptor } from "./engine.ts";

/** How an engine takes part. */
export interface ProcessSubject<E extends Engine> {
  /** The file that calls `runScenario` with this: workers run it again. */
  readonly file: string;
  createEngine(): E;
  /** One whose library nothing holds in memory but what must. Default: as `createEngine`. */
  createLoneEngine?(): E;
  /** Loads a model of one input, float32 [?,3], and one output. */
  load(engine: E): Promise<SessionDescriptor>;
  /** An input that a run of it refuses. */
  readonly wrong: NumericTensor;
  /** Throws if the library has left the process's memory. */
  requireLibrary?(): void;
}

export type Scenario =
  | "one-thread"
  | "threads-come-and-go"
  | "creator-ends-first"
  | "terminated"
  | "exit-amid-runs";

/**
 * What may end a process, whatever engine runs in it, to be run in one of its own: `node FILE NAME`. The process must end by
 * itself with 0.
 */
export async function runScenario<E extends Engine>(subject: ProcessSubject<E>): Promise<void> {
  const inProcess = new EngineInProcess(subject);
  const scenarios: Readonly<Record<Scenario, () => Promise<void>>> = {
    "one-thread": () => inProcess.work(),
    "threads-come-and-go": () => inProcess.letThreadsComeAndGo(),
    "creator-ends-first": () => inProcess.outliveCreator(),
    terminated: () => inProcess.terminateWorkers(),
    "exit-amid-runs": () => inProcess.runWithoutEnd(() => process.exit(0)),
  };
  const jobs: Readonly<Record<string, () => Promise<void>>> = {
    work: () => inProcess.work(),
    create: () => inProcess.create(),
    endless: () => inProcess.runWithoutEnd(() => parentPort!.postMessage("started")),
  };
  await (isMainThread ? scenarios[process.argv[2] as Scenario] : jobs[workerData]!)();
}

class EngineInProcess<E extends Engine> {
  readonly #subject: ProcessSubject<E>;

  constructor(subject: ProcessSubject<E>) {
    this.#subject = subject;
  }

  /** Loads, runs well and badly, and leaves. */
  async work(): Promise<void> {
    const engine = this.#subject.createEngine();
    const descriptor = await this.#subject.load(engine);
    const session = engine.attach(descriptor);
    (await session.runAsync([rows(2)], [0])).dispose();
    for (let i = 0; i < 10; i++) {
      await session.runAsync([this.#subject.wrong], [0]).then(
        () => Promise.reject(new Error("a wrong input was taken")),
        () => {},
      );
    }
    session.release();
    engine.destroy(descriptor);
  }

  /** Every thread that has the library ends; others load it again. */
  async letThreadsComeAndGo(): Promise<void> {
    for (let i = 0; i < 3; i++) await Promise.all([this.#inWorker("work"), this.#inWorker("work")]);
  }

  async create(): Promise<void> {
    const { createEngine, createLoneEngine = createEngine, load } = this.#subject;
    parentPort!.postMessage(await load(createLoneEngine()));
  }

  /** The thread that loaded a model, the only one with the library, ends before another attaches it. */
  async outliveCreator(): Promise<void> {
    const worker = this.#start("create");
    const [[descriptor]] = await Promise.all([once(worker, "message"), once(worker, "exit")]);
    this.#subject.requireLibrary?.();
    const engine = this.#subject.createEngine();
    const session = engine.attach(descriptor);
    (await session.runAsync([rows(50_000)], [0])).dispose();
    session.release();
    engine.destroy(descriptor);
  }

  /** Workers are terminated while their runs are under way. */
  async terminateWorkers(): Promise<void> {
    for (let i = 0; i < 5; i++) {
      const worker = this.#start("endless");
      await once(worker, "message");
      await worker.terminate();
    }
    await this.work();
  }

  /** @param started called while runs are under way. */
  async runWithoutEnd(started: () => void): Promise<void> {
    const engine = this.#subject.createEngine();
    const session = engine.attach(await this.#subject.load(engine));
    const lane = async () => {
      // Outputs of a size that is copied: see the caution in onnxruntime/result.ts.
      for (;;) (await session.runAsync([rows(1000)], [0])).dispose();
    };
    const lanes = Array.from({ length: 12 }, lane);
    setTimeout(started, 50);
    await Promise.all(lanes);
  }

  async #inWorker(job: string): Promise<void> {
    const [code] = await once(this.#start(job), "exit");
    if (code !== 0) throw new Error(`a worker ended with ${code}`);
  }

  #start(job: string): Worker {
    return new Worker(this.#subject.file, { workerData: job });
  }
}

function rows(count: number): NumericTensor {
  return { dtype: "float32", shape: [count, 3], data: new Float32Array(count * 3) };
}
