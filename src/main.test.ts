import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { it } from "node:test";
import { fileURLToPath } from "node:url";

const MAIN = fileURLToPath(new URL("main.ts", import.meta.url));

function servable(...args: string[]) {
  return spawnSync(process.execPath, [MAIN, ...args], { encoding: "utf8" });
}

it("every command that is listed says how it is used, to --help and to -h", () => {
  const { status, stdout } = servable("--help");
  assert.equal(status, 0);
  assert.equal(servable("-h").stdout, stdout);
  const commands = [...stdout.matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name]) => name!);
  assert.deepEqual(commands, ["serve", "inspect", "verify", "engine", "warmup", "version"]);
  for (const name of commands) {
    const help = servable(name, "--help");
    assert.equal(help.status, 0, name);
    assert.match(help.stdout, name === "version" ? /^servable \d/ : new RegExp(`^Usage: servable ${name} `));
    assert.equal(servable(name, "-h").stdout, help.stdout, name);
  }
});

it("a command that isn't known may be meant as another", () => {
  const { status, stderr } = servable("inspct");
  assert.equal(status, 2);
  assert.match(stderr, /^Unknown command: inspct\. Did you mean inspect\?\n\nUsage: servable COMMAND\n/);
});

it("without a command the list of them is an error", () => {
  const { status, stdout, stderr } = servable();
  assert.deepEqual([status, stdout], [2, ""]);
  assert.match(stderr, /^Usage: servable COMMAND\n/);
});
