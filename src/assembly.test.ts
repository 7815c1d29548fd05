import assert from "node:assert/strict";
import { cpSync, mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { type RunningServer, startServer } from "./assembly.ts";
import type { Flags } from "./flags/flag-table.ts";
import { parseFlags } from "./flags/parse-flags.ts";
import { freePort } from "./free-port.ts";
import { Code } from "./status/status.ts";

const MODELS = fileURLToPath(new URL("../fixtures/models", import.meta.url));

const folder = mkdtempSync(join(tmpdir(), "servable-"));
const basePath = join(folder, "half_plus");
const lines: string[] = [];
const sink = {
  write: (severity: string, _: string, message: string) => lines.push(`${severity} ${message}`),
};

/** Versions appear as an uploader would make them: complete, by a rename. */
function addVersion(version: number, model: "half_plus_two_tf1/123" | "half_plus_three_tf1/1"): void {
  const staged = join(folder, `staged-${version}`);
  cpSync(join(MODELS, model), staged, { recursive: true });
  renameSync(staged, join(basePath, String(version)));
}

function flagsFor(...args: string[]): Flags {
  const { flags, unknown, invalid } = parseFlags([
    `--model_base_path=${basePath}`,
    "--model_name=half_plus",
    "--bind_address=127.0.0.1",
    "--max_num_load_retries=0",
    "--settle_milliseconds=0",
    ...args,
  ]);
  assert.deepEqual([...unknown, ...invalid], []);
  return flags;
}

// Port 0 means "no listener" among the flags, so free ports are found here.
async function until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 20_000;
  while (!(await condition())) {
    assert.ok(performance.now() < end, `never came: ${what}\n${lines.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

after(() => rmSync(folder, { recursive: true, force: true }));

describe("a running server", () => {
  let server: RunningServer;
  let url: string;

  const ask = async (x: number): Promise<number> => {
    const response = await fetch(`${url}:predict`, { method: "POST", body: `{"instances": [[${x}]]}` });
    const body = (await response.json()) as { predictions: number[][] };
    assert.equal(response.status, 200, JSON.stringify(body));
    return body.predictions[0]![0]!;
  };

  before(async () => {
    mkdirSync(basePath);
    addVersion(1, "half_plus_two_tf1/123");
    const rest = await freePort();
    const flags = flagsFor(
      `--rest_api_port=${rest}`,
      `--port=${await freePort()}`,
      "--request_workers=2",
      "--file_system_poll_wait_seconds=1",
    );
    server = await startServer(flags, sink, new AbortController().signal);
    url = `http://127.0.0.1:${rest}/v1/models/half_plus`;
  });

  after(() => server.stop(1000));

  it("answers as soon as it has started", async () => {
    assert.equal(await ask(4), 4);
    assert.ok(
      lines.some((line) =>
        line.includes("Successfully loaded servable version {name: half_plus version: 1}"),
      ),
    );
  });

  it("swaps to a new version and back, without a failed request", async () => {
    const answers = new Set<number>();
    let asking = true;
    const clients = [1, 2, 3, 4].map(async () => {
      while (asking) answers.add(await ask(2));
    });
    addVersion(2, "half_plus_three_tf1/1");
    await until("version 2", () => answers.has(4));
    await until("the end of version 1", () =>
      lines.some((line) => line.includes("Done unloading servable version {name: half_plus version: 1}")),
    );
    rmSync(join(basePath, "2"), { recursive: true });
    answers.clear();
    await until("the way back", () => answers.has(3));
    await until("the end of version 2", () =>
      lines.some((line) => line.includes("Done unloading servable version {name: half_plus version: 2}")),
    );
    asking = false;
    await Promise.all(clients);
    assert.deepEqual([...answers].sort(), [3, 4]);
  });

  it("keeps serving the old version when a newer one is broken, and says why", async () => {
    mkdirSync(join(basePath, "7"));
    writeFileSync(join(basePath, "7", "saved_model.pb"), "no protobuf at all");
    await until("the failure", async () => (await (await fetch(url)).text()).includes("saved_model.pb"));
    assert.equal(await ask(4), 4);
    const status = (await (await fetch(url)).json()) as {
      model_version_status: { version: string; state: string; status: { error_code: string } }[];
    };
    const found = status.model_version_status.map((version) => [
      version.version,
      version.state,
      version.status.error_code,
    ]);
    assert.deepEqual(found[0], ["7", "END", "DATA_LOSS"]);
    assert.ok(found.some(([version, state]) => version === "1" && state === "AVAILABLE"));
    rmSync(join(basePath, "7"), { recursive: true });
  });

  it("answers unknown models, versions and signatures with what is wrong", async () => {
    const post = async (target: string, body: string) => {
      const response = await fetch(url.replace("/half_plus", target), { method: "POST", body });
      return [response.status, ((await response.json()) as { error: string }).error];
    };
    const [status, error] = await post("/other:predict", '{"instances": [1]}');
    assert.equal(status, 404);
    assert.match(String(error), /Servable not found for request: Latest\(other\)/);
    assert.match(
      String((await post("/half_plus/versions/9:predict", '{"instances": [1]}'))[1]),
      /Specific\(half_plus, 9\)/,
    );
    assert.equal((await post("/half_plus:predict", '{"instances": [[1], [1, 2]]}'))[0], 400);
    assert.equal((await post("/half_plus:predict", '{"instances": "'))[0], 400);
  });
});

describe("a model that changes with each request", () => {
  it("has one state for all workers, and updates it one request after the other", async () => {
    const rest = await freePort();
    const flags = flagsFor(
      `--model_base_path=${join(MODELS, "tf1_state")}`,
      "--model_name=state",
      `--rest_api_port=${rest}`,
      "--port=0",
      "--request_workers=3",
    );
    const server = await startServer(flags, sink, new AbortController().signal);
    // A connection for each request, so that every worker gets some.
    const add = (delta: number) =>
      new Promise<{ before: number; added: number; after: number }>((resolve, reject) => {
        const path = "/v1/models/state:predict";
        const call = request({ port: rest, path, method: "POST", agent: false }, (response) => {
          let text = "";
          response.on("data", (chunk) => {
            text += chunk;
          });
          response.on("end", () => resolve(JSON.parse(text).outputs));
        });
        call.on("error", reject);
        call.end(JSON.stringify({ signature_name: "add", inputs: { delta } }));
      });
    const answers = await Promise.all(Array.from({ length: 200 }, () => add(1)));
    for (const { before, added, after } of answers)
      assert.deepEqual([added, after], [before + 1, before + 1]);
    const sorted = answers.map(({ added }) => added).sort((a, b) => a - b);
    assert.deepEqual(
      sorted,
      Array.from({ length: 200 }, (_, i) => 11 + i),
    );
    await server.stop(1000);
  });
});

it("a server whose ports are the same has none for REST, and says so", async () => {
  const port = await freePort();
  lines.length = 0;
  const flags = flagsFor(`--port=${port}`, `--rest_api_port=${port}`);
  const server = await startServer(flags, sink, new AbortController().signal);
  assert.deepEqual([server.grpcPort, server.restPort], [port, undefined]);
  assert.ok(lines.some((line) => line.includes("http_port cannot be same as grpc_port")));
  await server.stop(1000);
});

describe("a start that fails", () => {
  it("names the model and what is wrong with it", async () => {
    const flags = flagsFor(`--model_base_path=${join(folder, "broken")}`, `--port=${await freePort()}`);
    mkdirSync(join(folder, "broken", "1"), { recursive: true });
    await assert.rejects(
      startServer(flags, sink, new AbortController().signal),
      /half_plus.*Could not find SavedModel/s,
    );
  });

  it("names the port that is taken", async () => {
    const { createServer } = await import("node:net");
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as { port: number };
    await assert.rejects(startServer(flagsFor(`--port=${port}`), sink, new AbortController().signal), {
      code: Code.UNAVAILABLE,
      message: `Port ${port} on 127.0.0.1 is in use by another program`,
    });
    other.close();
  });

  it("ends when it is told to", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    const control = new AbortController();
    const start = startServer(
      flagsFor(`--model_base_path=${empty}`, `--port=${await freePort()}`),
      sink,
      control.signal,
    );
    setTimeout(() => control.abort(new Error("enough")), 200);
    await assert.rejects(start, /enough/);
  });
});
