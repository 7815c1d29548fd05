import assert from "node:assert/strict";
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../free-port.ts";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));

interface Program {
  readonly child: ChildProcess;
  readonly output: { text: string };
  readonly ended: Promise<[number | null, NodeJS.Signals | null]>;
}

/** @param name under which the program was started. */
function start(name: string, args: readonly string[], env: Record<string, string> = {}): Program {
  const child = spawn(process.execPath, [MAIN, ...args], {
    env: { ...process.env, SERVABLE_PROGRAM: name, ...env },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const output = { text: "" };
  for (const stream of [child.stdout, child.stderr]) {
    stream.on("data", (chunk) => {
      output.text += chunk;
    });
  }
  const ended = new Promise<[number | null, NodeJS.Signals | null]>((resolve) =>
    child.once("exit", (code, signal) => resolve([code, signal])),
  );
  return { child, output, ended };
}

async function until(program: Program, text: string): Promise<void> {
  const end = performance.now() + 30_000;
  while (!program.output.text.includes(text)) {
    assert.ok(
      performance.now() < end && program.child.exitCode === null,
      `never came: ${text}\n${program.output.text}`,
    );
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const BODY = '{"instances": [[2]]}';

/** A request of which the last byte is still to come. */
async function beginRequest(port: number): Promise<{ socket: Socket; reply: Promise<string> }> {
  const socket = connect(port, "127.0.0.1");
  const head = `POST /v1/models/m:predict HTTP/1.1\r\nContent-Length: ${BODY.length}\r\n\r\n`;
  const reply = new Promise<string>((resolve) => {
    let text = "";
    socket.on("data", (chunk) => {
      text += chunk;
    });
    socket.on("error", () => {});
    socket.on("close", () => resolve(text));
  });
  await new Promise<void>((resolve) => socket.write(head + BODY.slice(0, -1), () => resolve()));
  // Until the server has it.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return { socket, reply };
}

async function serving(...more: string[]): Promise<{ program: Program; port: number }> {
  const port = await freePort();
  const base = `--model_base_path=${MODELS}/half_plus_two_tf1`;
  const args = ["--model_name=m", base, "--port=0", `--rest_api_port=${port}`, ...more];
  const program = start("tensorflow_model_server", args);
  await until(program, "Exporting HTTP/REST API");
  return { program, port };
}

describe("the program", () => {
  it("finishes what is in flight after SIGTERM, takes nothing new, and ends with 0", async () => {
    const { program, port } = await serving();
    const { socket, reply } = await beginRequest(port);
    program.child.kill("SIGTERM");
    await until(program, "SIGTERM received: finishing the requests in flight");
    await new Promise((resolve) => setTimeout(resolve, 200));
    await assert.rejects(fetch(`http://127.0.0.1:${port}/v1/models/m`));
    assert.equal(program.child.exitCode, null);
    socket.write(BODY.slice(-1));
    assert.match(await reply, /^HTTP\/1\.1 200 OK.*"predictions": \[\[3\.0\]/s);
    assert.deepEqual(await program.ended, [0, null]);
  });

  it("ends at once with a second signal", async () => {
    const { program, port } = await serving();
    const { socket } = await beginRequest(port);
    program.child.kill("SIGINT");
    await until(program, "SIGINT received");
    const asked = performance.now();
    program.child.kill("SIGINT");
    assert.deepEqual(await program.ended, [null, "SIGINT"]);
    assert.ok(performance.now() - asked < 1000);
    socket.destroy();
  });

  it("waits no longer than --drain_timeout_seconds", async () => {
    const { program, port } = await serving("--drain_timeout_seconds=1");
    const { reply } = await beginRequest(port);
    const asked = performance.now();
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended, [0, null]);
    const took = performance.now() - asked;
    assert.ok(took > 900 && took < 5000, `${took} ms`);
    assert.equal(await reply, "");
  });

  it("ends with 1 and its reason when a model can't be served", async () => {
    const base = join(mkdtempSync(join(tmpdir(), "servable-")), "m");
    mkdirSync(join(base, "1"), { recursive: true });
    const program = start("servable", [
      "serve",
      `--model_base_path=${base}`,
      "--port=0",
      "--max_num_load_retries=0",
      "--settle_milliseconds=0",
    ]);
    assert.deepEqual(await program.ended, [1, null]);
    assert.match(
      program.output.text,
      /Failed to start server\. Error: UNKNOWN: 1 servable\(s\) did not become available/,
    );
    rmSync(base, { recursive: true });
  });

  it("ends with 0 when a signal comes while it waits for a model", async () => {
    // The folder `variables` is no version: nothing is found.
    const program = start("servable", [
      "serve",
      `--model_base_path=${MODELS}/half_plus_two_tf1/123`,
      "--port=0",
    ]);
    await until(program, "No versions of servable default found under base path");
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended, [0, null]);
  });

  it("takes the model from the environment, as TensorFlow Serving's image does", async () => {
    const port = await freePort();
    const program = start("tensorflow_model_server", ["--port=0", `--rest_api_port=${port}`], {
      MODEL_BASE_PATH: MODELS,
      MODEL_NAME: "half_plus_two_tf1",
    });
    await until(program, "Exporting HTTP/REST API");
    const response = await fetch(`http://127.0.0.1:${port}/v1/models/half_plus_two_tf1:predict`, {
      method: "POST",
      body: BODY,
    });
    assert.equal(response.status, 200);
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended, [0, null]);
  });

  it("refuses what it doesn't know as servable, and passes over it as tensorflow_model_server", async () => {
    const strict = start("servable", ["serve", "--modle_name=m", "--model_base_path=/m"]);
    assert.deepEqual(await strict.ended, [2, null]);
    assert.match(strict.output.text, /Unknown flag: --modle_name\. Did you mean --model_name\?/);
    const { program } = await serving("--modle_name=m", "--mixed_precision=bfloat16");
    assert.match(program.output.text, /Unknown flag: --modle_name\. Did you mean --model_name\?/);
    assert.match(program.output.text, /W .*--mixed_precision makes no difference here: models compute with/);
    assert.doesNotMatch(program.output.text, /--flush_filesystem_caches makes no difference/);
    program.child.kill("SIGTERM");
    assert.deepEqual(await program.ended, [0, null]);
  });

  it("doesn't start without the encryption that it is asked for", async () => {
    const program = start("tensorflow_model_server", ["--use_alts_credentials", "--model_base_path=/m"]);
    assert.deepEqual(await program.ended, [2, null]);
    assert.match(program.output.text, /--use_alts_credentials is not possible/);
  });
});
