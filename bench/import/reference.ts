import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { CorpusModel } from "./corpus.ts";

const SCRIPT = fileURLToPath(new URL("reference.py", import.meta.url));
const CONVERTED = fileURLToPath(new URL("../models/tf2onnx/", import.meta.url));

interface Answer {
  readonly error?: string;
  readonly microseconds?: number;
  readonly api?: string;
}

/** What TensorFlow and tf2onnx make of models, in a Python process of its own (reference.py). */
export class Reference {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string>;

  /** @param python an interpreter that has what requirements.txt says. */
  constructor(python: string) {
    this.#process = spawn(python, [SCRIPT], { stdio: ["pipe", "pipe", "ignore"] });
    const lines: Interface = createInterface({ input: this.#process.stdout! });
    this.#answers = lines[Symbol.asyncIterator]();
  }

  /** The file with tf2onnx's model of the timed signature; kept from one run of the bench to the next. */
  async convert(model: CorpusModel): Promise<string> {
    mkdirSync(CONVERTED, { recursive: true });
    const output = `${CONVERTED}${model.name}-${fingerprint(model)}.onnx`;
    const failure = `${output}.error`;
    if (existsSync(failure)) throw new Error(readFileSync(failure, "utf8"));
    if (existsSync(output)) return output;
    try {
      const path = `${model.folder}/${model.version}`;
      await this.#ask("convert", { path, tags: model.tags, signature: model.case.signature, output });
    } catch (error) {
      writeFileSync(failure, (error as Error).message);
      throw error;
    }
    return output;
  }

  /**
   * Loads a model and makes its request ready.
   * @param inputs the signature's.
   * @returns by what TensorFlow is called, and about how many microseconds it takes.
   */
  async load(
    { folder, version, tags, position }: CorpusModel,
    inputs: readonly string[],
  ): Promise<{ readonly api: string; readonly microseconds: number }> {
    const { api, microseconds } = await this.#ask("load", { folder, version, tags, case: position, inputs });
    return { api: api!, microseconds: microseconds! };
  }

  /** Microseconds per run. */
  async round(runs: number): Promise<number> {
    return (await this.#ask("round", { runs })).microseconds!;
  }

  end(): void {
    this.#process.stdin!.end();
  }

  async #ask(what: string, details: object): Promise<Answer> {
    this.#process.stdin!.write(`${JSON.stringify({ [what]: details })}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error("the Python process has ended");
    const answer = JSON.parse(value) as Answer;
    if (answer.error !== undefined) throw new Error(answer.error);
    return answer;
  }
}

function fingerprint({ folder, version, case: { signature } }: CorpusModel): string {
  const hash = createHash("sha256").update(signature);
  for (const file of ["saved_model.pb", "saved_model.pbtxt", "variables/variables.index"]) {
    const path = `${folder}/${version}/${file}`;
    if (existsSync(path)) hash.update(readFileSync(path));
  }
  return hash.digest("hex").slice(0, 12);
}
