import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("../main.ts", import.meta.url));
async function freePort(): Promise<number> {
  const server = createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

/** Lists at the end of each thread which packages it has loaded. */
const LIST_PACKAGES = new URL("./loaded-packages-cases.ts", import.meta.url);

/** What the program writes while it starts with the bundled example and is told to end. */
async function run(...flags: string[]): Promise<{ out: string; err: string }> {
  const args = [
    "serve",
    "--example",
    "--port=0",
    `--rest_api_port=${await freePort()}`,
    "--bind_address=127.0.0.1",
    "--request_workers=1",
    ...flags,
  ];
  const child = spawn(process.execPath, [`--import=${LIST_PACKAGES.href}`, MAIN, ...args]);
  let [out, err] = ["", ""];
  child.stdout.on("data", (piece) => {
    out += piece;
  });
  child.stderr.on("data", (piece) => {
    err += piece;
    if (!child.killed && err.includes("Exporting HTTP/REST API")) child.kill("SIGTERM");
  });
  await once(child, "close");
  return { out, err };
}

const packagesOf = (out: string) =>
  [...out.matchAll(/^packages: (.*)$/gm)].flatMap(([, list]) => JSON.parse(list!) as string[]);

test("with --log_format=json every line that any thread logs is an object, and nothing is written for people", async () => {
  const { out, err } = await run("--log_format=json");
  const lines = err
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Record<string, string>);
  for (const line of lines) assert.ok(line.severity && line.time && line.component && line.message);
  const about = (start: string) => {
    const { component, model, version } = lines.find(({ message }) => message!.startsWith(start))!;
    return [component, model, version];
  };
  assert.deepEqual(about("Successfully loaded"), ["lifecycle/manager", "digits", "1"]);
  // The loader thread's.
  assert.deepEqual(about("Reading SavedModel"), ["loaders/saved_model", "digits", "1"]);
  assert.ok(packagesOf(out).includes("pino"));
  assert.doesNotMatch(out, /curl/);
});

test("text logs load nothing that writes JSON", async () => {
  const { out, err } = await run();
  assert.match(err, /^\d{4}-\d\d-\d\d .*: I servable\/lifecycle\/manager\] Successfully loaded/m);
  assert.match(out, /curl/);
  assert.ok(packagesOf(out).includes("koffi"));
  assert.ok(!packagesOf(out).includes("pino"));
});
