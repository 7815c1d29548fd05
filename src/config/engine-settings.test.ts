import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { DEFAULT_SESSIONS } from "../engines/engine-choice.ts";
import { Code } from "../status/status.ts";
import { engineSettings } from "./engine-settings.ts";

const folder = mkdtempSync(join(tmpdir(), "engine-settings-"));
after(() => rmSync(folder, { recursive: true }));

function settings(text: string) {
  const path = join(folder, "servable.txt");
  writeFileSync(path, text);
  const flags = { engine: "auto", servable_config_file: path, tensorflow_library: "/lib" };
  return engineSettings(flags, DEFAULT_SESSIONS);
}

test("models may have an engine of their own", async () => {
  const { choice, models, tensorflowLibrary } = await settings(
    'models { name: "a" engine: TENSORFLOW } models { name: "b" engine: ONNXRUNTIME } models { name: "c" } ' +
      'models { name: "d" engine: AUTO }',
  );
  assert.deepEqual([choice, tensorflowLibrary], ["auto", "/lib"]);
  assert.deepEqual(
    [...models],
    [
      ["a", "tensorflow"],
      ["b", "onnxruntime"],
      ["d", "auto"],
    ],
  );
});

test("settings that name no model, or one twice, or an engine that there isn't, are refused", async () => {
  await assert.rejects(settings("models { engine: AUTO }"), {
    code: Code.INVALID_ARGUMENT,
    message: /to have a name/,
  });
  await assert.rejects(settings('models { name: "a" } models { name: "a" }'), {
    code: Code.INVALID_ARGUMENT,
    message: /the model a has settings twice/,
  });
  await assert.rejects(settings('models { name: "a" engine: TPU }'), {
    code: Code.INVALID_ARGUMENT,
    message: /Invalid protobuf file: .*servable\.txt/,
  });
});
