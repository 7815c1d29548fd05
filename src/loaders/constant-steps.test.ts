import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { model, node } from "../engines/contract-models.ts";
import { createOnnxRuntimeEngine } from "../engines/onnxruntime/engine.ts";
import type { CompiledSession, HostStep, Program, SessionStep } from "../import/program.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { runConstantSteps, type SessionEngine } from "./constant-steps.ts";

const engine = createOnnxRuntimeEngine({ intraOpThreads: 1 });

const floats = (...values: number[]): Tensor => ({
  dtype: "float32",
  shape: [values.length],
  data: Float32Array.from(values),
});

/** Negates its input. */
const negation: CompiledSession = {
  identity: "negation",
  isUnbounded: false,
  model: model(
    [node("Neg", ["x"], ["y"])],
    [{ name: "x", dtype: "float32", shape: [-1] }],
    [{ name: "y", dtype: "float32", shape: [-1] }],
  ),
};

const session = (number: number, input: number, output: number): SessionStep => ({
  kind: "session",
  session: number,
  inputs: [input],
  outputs: [output],
});

const host = (op: string, inputs: number[], outputs: number[], effect = false): HostStep => ({
  kind: "host",
  op,
  name: op,
  origin: op,
  attrs: {},
  inputs,
  outputs,
  effect,
});

function program(steps: Program["steps"], outputs: number[], constants: Program["constants"] = []): Program {
  return { registerCount: 8, constants, steps, outputs };
}

describe("runConstantSteps", () => {
  it("makes constants of what depends on constants only, step after step, and drops their sessions", async () => {
    const steps = [session(0, 1, 2), host("StringLower", [3], [4]), session(1, 2, 5), session(2, 0, 6)];
    const text: Tensor = { dtype: "string", shape: [], data: [Buffer.from("A")] };
    const constants = [
      { register: 1, tensor: floats(1, -2) },
      { register: 3, tensor: text },
    ];
    const folded = await runConstantSteps(
      { program: program(steps, [4, 5, 6], constants), sessions: [negation, negation, negation] },
      engine,
    );
    assert.deepEqual(folded.program.steps, [session(0, 0, 6)]);
    assert.equal(folded.sessions.length, 1);
    assert.deepEqual(
      folded.program.constants.map(({ register, tensor }) => [register, [...tensor.data].map(String)]),
      [
        [4, ["97"]],
        [5, ["1", "-2"]],
      ],
    );
  });

  it("numbers the sessions of inner programs anew", async () => {
    const inner = program([session(1, 0, 1)], [1]);
    const steps = [
      session(0, 1, 2),
      {
        kind: "branch",
        name: "b",
        effect: false,
        select: "truth",
        branches: [inner, inner],
        inputs: [0, 2],
        outputs: [3],
      },
    ] as const;
    const constants = [{ register: 1, tensor: floats(1) }];
    const folded = await runConstantSteps(
      { program: program(steps, [3], constants), sessions: [negation, negation] },
      engine,
    );
    const [step] = folded.program.steps;
    assert.ok(step?.kind === "branch");
    assert.deepEqual(step.branches[0]!.steps, [session(0, 0, 1)]);
    assert.equal(folded.sessions.length, 1);
  });

  it("drops assertions that always hold", async () => {
    const truth: Tensor = { dtype: "bool", shape: [], data: Uint8Array.of(1) };
    const constants = [{ register: 1, tensor: truth }];
    const steps = [host("Assert", [1, 1], [], true), session(0, 0, 2)];
    const folded = await runConstantSteps(
      { program: program(steps, [2], constants), sessions: [negation] },
      engine,
    );
    assert.deepEqual(folded.program.steps, [session(0, 0, 2)]);
  });

  it("leaves what has an effect, is random, or fails", async () => {
    const shape: Tensor = { dtype: "int32", shape: [1], data: Int32Array.of(2) };
    const truth: Tensor = { dtype: "bool", shape: [], data: Uint8Array.of(0) };
    const constants = [
      { register: 1, tensor: shape },
      { register: 2, tensor: truth },
    ];
    const steps = [host("RandomUniform", [1], [3]), host("Assert", [2, 1], [], true), session(0, 1, 4)];
    const compiled = { program: program(steps, [3, 4], constants), sessions: [negation] };
    assert.equal(await runConstantSteps(compiled, engine), compiled);
  });

  it("lets go of a session whose run fails", async () => {
    let attached = 0;
    let released = 0;
    const counting: SessionEngine = {
      create: (compiled) => engine.create(compiled),
      attach: (descriptor) => {
        const session = engine.attach(descriptor);
        attached++;
        const release = session.release.bind(session);
        session.release = () => {
          released++;
          release();
        };
        return session;
      },
      destroy: (descriptor) => {
        assert.equal(released, attached, "destroyed while attached");
        engine.destroy(descriptor);
      },
    };
    const constants = [
      { register: 1, tensor: { dtype: "int32", shape: [1], data: Int32Array.of(2) } as Tensor },
    ];
    const compiled = { program: program([session(0, 1, 2)], [2], constants), sessions: [negation] };
    assert.equal(await runConstantSteps(compiled, counting), compiled);
    assert.deepEqual([attached, released], [1, 1]);
  });
});
