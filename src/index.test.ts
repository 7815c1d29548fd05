import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "./free-port.ts";

const EXAMPLES = fileURLToPath(new URL("../examples/extensions", import.meta.url));
const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));
const folder = mkdtempSync(join(tmpdir(), "servable-extensions-"));
after(() => rmSync(folder, { recursive: true, force: true }));

/** An example that runs as its first lines say. */
class Example {
  readonly #process: ChildProcess;
  readonly #url: string;
  log = "";

  private constructor(child: ChildProcess, port: number) {
    this.#process = child;
    this.#url = `http://127.0.0.1:${port}/v1/models`;
    for (const stream of [child.stdout!, child.stderr!]) {
      stream.on("data", (chunk) => {
        this.log += chunk;
      });
    }
  }

  static async start(file: string, ...args: string[]): Promise<Example> {
    const port = await freePort();
    // In a checkout "servable" means the sources.
    const argv = ["--conditions=servable-source", join(EXAMPLES, file), ...args, String(port)];
    const example = new Example(spawn(process.execPath, argv, { stdio: ["ignore", "pipe", "pipe"] }), port);
    await example.until("ready", async () => example.log.includes(`ready on port ${port}`));
    return example;
  }

  async until(what: string, condition: () => Promise<boolean>): Promise<void> {
    const end = performance.now() + 30_000;
    while (!(await condition())) {
      assert.ok(
        performance.now() < end && this.#process.exitCode === null,
        `never came: ${what}\n${this.log}`,
      );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async post(target: string, body: string): Promise<unknown> {
    return (await fetch(`${this.#url}/${target}`, { method: "POST", body })).json();
  }

  async get(target: string): Promise<unknown> {
    return (await fetch(`${this.#url}/${target}`)).json();
  }

  /** What half_plus_* makes of 2: 3 or 4. */
  async ask(model: string): Promise<unknown> {
    const { predictions } = (await this.post(`${model}:predict`, '{"instances": [[2]]}')) as {
      predictions?: number[][];
    };
    return predictions?.[0]?.[0];
  }

  async stop(): Promise<number | null> {
    const ended = new Promise<number | null>((resolve) => this.#process.once("exit", resolve));
    this.#process.kill("SIGTERM");
    return ended;
  }
}

function addVersion(base: string, version: number, model: string): void {
  cpSync(join(MODELS, model), join(base, String(version)), { recursive: true });
}

describe("the examples of extending the server", () => {
  it("serve a plain function as a model", async () => {
    const example = await Example.start("function.ts");
    assert.deepEqual(await example.post("increment:predict", '{"instances": [1, 2.5]}'), {
      predictions: [2, 3.5],
    });
    assert.deepEqual(await example.post("increment:predict", '{"instances": [NaN]}'), {
      error: "x holds NaN",
    });
    const { metadata } = (await example.get("increment/metadata")) as {
      metadata: {
        signature_def: { signature_def: Record<string, { inputs: unknown; method_name: string }> };
      };
    };
    assert.deepEqual(metadata.signature_def.signature_def.serving_default?.inputs, {
      x: {
        dtype: "DT_FLOAT",
        tensor_shape: { dim: [{ size: "-1", name: "" }], unknown_rank: false },
        name: "x:0",
      },
    });
    assert.equal(await example.stop(), 0);
  });

  it("follow a source of one's own", async () => {
    const base = join(folder, "live");
    mkdirSync(base);
    addVersion(base, 1, "half_plus_two_tf1/123");
    addVersion(base, 2, "half_plus_three_tf1/1");
    const file = join(folder, "live.txt");
    writeFileSync(file, "1\n");
    const example = await Example.start("source.ts", base, file);
    assert.equal(await example.ask("live"), 3);
    writeFileSync(file, "2\n");
    await example.until("version 2", async () => (await example.ask("live")) === 4);
    rmSync(file);
    assert.equal(await example.ask("live"), 4);
    assert.equal(await example.stop(), 0);
  });

  it("decide by a policy of one's own", async () => {
    const base = join(folder, "frozen");
    mkdirSync(base);
    addVersion(base, 1, "half_plus_two_tf1/123");
    const freeze = join(folder, "freeze.txt");
    writeFileSync(freeze, "");
    const example = await Example.start("policy.ts", base, freeze);
    assert.equal(await example.ask("frozen"), 3);
    addVersion(base, 2, "half_plus_three_tf1/1");
    await example.until("the new version, seen", async () =>
      JSON.stringify(await example.get("frozen")).includes('"version":"2"'),
    );
    await new Promise((resolve) => setTimeout(resolve, 1500));
    assert.equal(await example.ask("frozen"), 3);
    rmSync(freeze);
    await example.until("the new version, served", async () => (await example.ask("frozen")) === 4);
    assert.equal(await example.stop(), 0);
  });
});
