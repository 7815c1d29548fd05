import assert from "node:assert/strict";
import { join } from "node:path";
import { describe, it } from "node:test";
import { fileURLToPath } from "node:url";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import type { Step } from "../import/program.ts";
import { silentLog } from "../status/log-cases.ts";
import { fileStorage } from "../storage/file.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import { SavedModelServable } from "./saved-model-servable.ts";
import { type ImportedPayload, imported } from "./servable-payload.ts";

const MODELS = fileURLToPath(new URL("../../fixtures/models", import.meta.url));
const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });
const loading = new SavedModelLoading({ storage: fileStorage, engine, tags: ["serve"], log: silentLog });

async function withModel(name: string, use: (payload: ImportedPayload) => unknown): Promise<void> {
  const payload = imported(await loading.load({ name, version: 1n }, join(MODELS, name, "1")));
  try {
    await use(payload);
  } finally {
    await loading.unload(payload);
  }
}

/** `session`, or `while(...)` and the like, for what isn't one session. */
function outline(steps: readonly Step[]): string {
  const words = steps.map((step) => {
    if (step.kind === "while") return `while(${outline(step.body.steps)})`;
    if (step.kind === "branch")
      return `branch(${step.branches.map(({ steps: own }) => outline(own)).join(" | ")})`;
    return step.kind === "host" ? step.op : step.kind;
  });
  return words.join(" ");
}

function outlines({ programs }: ImportedPayload): Record<string, string> {
  return Object.fromEntries([...programs].map(([key, { program }]) => [key, outline(program.steps)]));
}

/** The outlines of those that aren't one session. */
function others(payload: ImportedPayload): Record<string, string> {
  return Object.fromEntries(Object.entries(outlines(payload)).filter(([, text]) => text !== "session"));
}

describe("control flow", () => {
  it("of numbers is part of a session; effects, strings and gradients' stacks keep a loop in TypeScript", () =>
    withModel("loops", (payload) => {
      assert.deepEqual(others(payload), {
        gradient:
          "EmptyTensorList EmptyTensorList while(TensorListPushBack session TensorListPushBack) session " +
          "while(TensorListPopBack TensorListPopBack session)",
        host_checked: "while(session Assert)",
        host_random: "while(session RandomUniform session) session",
        host_strings: "while(AsString StringJoin Identity session) Identity Identity",
      });
    }));

  it("takes lists along whose items are of one shape and set in order, or which are short", () =>
    withModel("lists", (payload) => {
      assert.deepEqual(Object.keys(others(payload)).sort(), [
        "host_joined",
        "host_text",
        "scanned_backwards",
      ]);
    }));

  it("chooses between numbers within a session", () =>
    withModel("conditions", (payload) => {
      assert.deepEqual(Object.keys(others(payload)), ["host_text"]);
    }));

  it("of TF1 is part of a session too", () =>
    withModel("tf1_loops", (payload) => {
      assert.deepEqual(outlines(payload), { arrays: "session", numbers: "session" });
    }));
});

describe("a session with loops", () => {
  const isUnbounded = ({ programs, sessions }: ImportedPayload, key: string) =>
    programs.get(key)!.sessions.some((position) => sessions[position]!.isUnbounded);

  it("is bounded if shapes say how many rounds there are, and tried out", () =>
    withModel("loops", (payload) => {
      assert.equal(isUnbounded(payload, "counted"), false);
      const [position] = payload.programs.get("counted")!.sessions;
      assert.notEqual(payload.sessions[position!]!.probe, undefined);
      for (const key of ["values", "growing", "limited", "nested", "stops"]) {
        assert.equal(isUnbounded(payload, key), true, key);
      }
    }));

  it("is bounded if lists say it", () =>
    withModel("lists", (payload) => {
      for (const key of ["mapped", "mapped_inside", "scanned"])
        assert.equal(isUnbounded(payload, key), false, key);
      for (const key of ["partly", "growing"]) assert.equal(isUnbounded(payload, key), true, key);
    }));

  it("never runs on the thread that calls if the elements of its inputs say how many rounds there are", () =>
    withModel("loops", async (payload) => {
      const servable = await SavedModelServable.attach(payload, engine, 0);
      const run = (key: string, n?: number) => {
        const x = { dtype: "float32", shape: [1, 3], data: Float32Array.of(1, 2, 3) } as const;
        const count = { dtype: "int32", shape: [], data: Int32Array.of(n ?? 0) } as const;
        const keys = [...payload.signatures.get(key)!.inputs.keys()];
        const outputs = [...payload.signatures.get(key)!.outputs.keys()];
        return servable.run(
          key,
          keys.map((name) => (name === "n" ? count : x)),
          outputs,
        );
      };
      for (let i = 0; i < 3; i++) {
        const later = run("growing", 1);
        assert.ok(later instanceof Promise);
        (await later).dispose();
      }
      const now = run("counted");
      assert.ok(!(now instanceof Promise));
      now.dispose();
      servable.release();
    }));
});
