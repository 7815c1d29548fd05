import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { cpSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { freePort } from "../src/free-port.ts";

const fixture = (path: string) => fileURLToPath(new URL(`../fixtures/models/${path}`, import.meta.url));

interface NumericCase {
  readonly shape: readonly number[];
  readonly values: readonly number[];
}

/** What the models compute, as TensorFlow said when the fixtures were made. */
function firstCase(model: string) {
  const [{ inputs, outputs }] = JSON.parse(readFileSync(fixture(`${model}/cases.json`), "utf8"));
  return { inputs, outputs };
}

const network = firstCase("keras3_cnn");
const [networkInput, { shape, values }] = (Object.entries(network.inputs) as [string, NumericCase][])[0]!;

export const NETWORK_CASE = {
  key: networkInput,
  shape,
  values,
  expected: (Object.values(network.outputs)[0] as NumericCase).values,
};

const vocabulary = firstCase("vocabulary");
export const VOCABULARY_CASE = {
  words: vocabulary.inputs.word.values as readonly { readonly b64: string }[],
  ids: vocabulary.outputs.id.values as readonly number[],
};

/** The models that stay as they are, by name. */
const STEADY = { vocabulary: "vocabulary", counter: "tf1_state", loops: "loops" };
/** One that comes and goes. */
const VISITOR = "half_plus_two";

const BATCHING = `
max_batch_size { value: 16 } batch_timeout_micros { value: 500 }
num_batch_threads { value: 2 } max_enqueued_batches { value: 100 }
`;

const START_MILLISECONDS = 30_000;

/** The program on folders of its own, whose versions can be swapped and whose workers can be killed. */
export class Serving {
  readonly grpcPort: number;
  readonly restPort: number;
  readonly #folder: string;
  readonly #process: ChildProcess;
  readonly #log: { text: string };
  #version = 1;

  private constructor(
    folder: string,
    process: ChildProcess,
    log: { text: string },
    grpcPort: number,
    restPort: number,
  ) {
    this.#folder = folder;
    this.#process = process;
    this.#log = log;
    this.grpcPort = grpcPort;
    this.restPort = restPort;
  }

  /** @throws Error with the server's log if it doesn't serve in time. */
  static async start(workers: number, flags: readonly string[]): Promise<Serving> {
    const folder = mkdtempSync(join(tmpdir(), "servable-soak-"));
    copyBatched("half_plus_two_tf1/123", join(folder, "swapped", "1"));
    copyBatched("keras3_cnn/1", join(folder, "network", "1"));
    writeFileSync(join(folder, "models.config"), configOf(folder, false));
    const [grpcPort, restPort] = [await freePort(), await freePort()];
    const child = fork(
      fileURLToPath(new URL("server-process.ts", import.meta.url)),
      [
        "serve",
        `--model_config_file=${join(folder, "models.config")}`,
        `--port=${grpcPort}`,
        `--rest_api_port=${restPort}`,
        "--bind_address=127.0.0.1",
        `--request_workers=${workers}`,
        "--file_system_poll_wait_seconds=1",
        "--model_config_file_poll_wait_seconds=1",
        "--settle_milliseconds=0",
        "--metrics_path=/metrics",
        "--enable_batching",
        "--enable_per_model_batching_parameters",
        ...flags,
      ],
      { stdio: ["ignore", "ignore", "pipe", "ipc"] },
    );
    const log = { text: "" };
    child.stderr!.on("data", (piece: Buffer) => {
      // The beginning and the end are what one wants to read.
      log.text = log.text.length > 2_000_000 ? log.text.slice(0, 1_000_000) + piece : log.text + piece;
    });
    const serving = new Serving(folder, child, log, grpcPort, restPort);
    const end = performance.now() + START_MILLISECONDS;
    while ((await serving.#states("loops")).size === 0) {
      if (child.exitCode !== null || performance.now() > end) {
        await serving.stop();
        throw new Error(`The server did not start:\n${log.text}`);
      }
      await wait(20);
    }
    return serving;
  }

  get pid(): number {
    return this.#process.pid!;
  }

  get log(): string {
    return this.#log.text;
  }

  /** The signal or exit code that it ended with of its own accord. */
  get died(): string | undefined {
    const { exitCode, signalCode } = this.#process;
    return exitCode === null && signalCode === null ? undefined : `${signalCode ?? exitCode}`;
  }

  /** Adds a version of `swapped`, and takes the one before it away as soon as the new one is served. */
  async swap(): Promise<void> {
    const [old, next] = [this.#version, this.#version + 1];
    const model = next % 2 === 0 ? "half_plus_three_tf1/1" : "half_plus_two_tf1/123";
    const staged = join(this.#folder, "staged");
    copyBatched(model, staged);
    renameSync(staged, join(this.#folder, "swapped", String(next)));
    this.#version = next;
    await this.#until("swapped", (states) => states.get(String(next)) === "AVAILABLE");
    rmSync(join(this.#folder, "swapped", String(old)), { recursive: true });
  }

  /** Writes a configuration with one more model, or without it, and waits until the server has done as it says. */
  async setVisitor(there: boolean): Promise<void> {
    writeFileSync(join(this.#folder, "models.config"), configOf(this.#folder, there));
    await this.#until(VISITOR, (states) => [...states.values()].includes("AVAILABLE") === there);
  }

  killWorker(): void {
    this.#process.send("kill a worker");
  }

  /** Ends the server as an operator would. @returns the exit code, or the signal that it died of. */
  async stop(): Promise<number | string | null> {
    if (this.died === undefined) {
      const exit = once(this.#process, "exit");
      this.#process.kill("SIGTERM");
      await exit;
    }
    rmSync(this.#folder, { recursive: true, force: true });
    return this.#process.signalCode ?? this.#process.exitCode;
  }

  async #until(model: string, reached: (states: ReadonlyMap<string, string>) => boolean): Promise<void> {
    const end = performance.now() + START_MILLISECONDS;
    for (;;) {
      const states = await this.#states(model);
      if (reached(states)) return;
      if (performance.now() > end) {
        throw new Error(`${model} has stayed in ${JSON.stringify([...states])}`);
      }
      await wait(50);
    }
  }

  /** The states by version; none while no one answers or the model isn't there. */
  #states(model: string): Promise<ReadonlyMap<string, string>> {
    return new Promise((resolve) => {
      const none = () => resolve(new Map());
      get({ host: "127.0.0.1", port: this.restPort, path: `/v1/models/${model}`, agent: false }, (reply) => {
        let text = "";
        reply.on("data", (piece: Buffer) => {
          text += piece;
        });
        reply.on("error", none);
        reply.on("end", () => {
          if (reply.statusCode !== 200) return none();
          const { model_version_status: list } = JSON.parse(text) as {
            model_version_status: { version: string; state: string }[];
          };
          resolve(new Map(list.map(({ version, state }) => [version, state])));
        });
      }).on("error", none);
    });
  }
}

/** A version with batching parameters of its own. */
function copyBatched(version: string, target: string): void {
  cpSync(fixture(version), target, { recursive: true });
  writeFileSync(join(target, "batching_params.pbtxt"), BATCHING);
}

function configOf(folder: string, visitor: boolean): string {
  const steady = Object.entries(STEADY).map(([name, model]) => [name, fixture(model)] as const);
  const models = [
    ...steady,
    ["swapped", join(folder, "swapped")],
    ["network", join(folder, "network")],
    ...(visitor ? [[VISITOR, fixture(VISITOR)]] : []),
  ];
  const configs = models.map(
    ([name, path]) => `config { name: "${name}" base_path: "${path}" model_platform: "tensorflow" }`,
  );
  return `model_config_list { ${configs.join("\n")} }`;
}
