import { fromBinary } from "@bufbuild/protobuf";
import type { CompiledSignature } from "../import/compile.ts";
import { hostReason, opOf } from "../import/host-reason.ts";
import { innerPrograms, type Program, type Step } from "../import/program.ts";
import { ModelProtoSchema } from "../proto/gen/onnx/onnx_pb.ts";

/** How a signature is run. */
export interface Plan {
  readonly sessions: number;
  /** Of all sessions together. */
  readonly onnxNodes: number;
  readonly stepsInTypeScript: number;
  /** The steps, those of functions indented, and why those that TypeScript runs aren't part of a session. */
  readonly lines: readonly string[];
}

export function planOf({ program, sessions, refused }: CompiledSignature): Plan {
  const nodes = sessions.map(
    ({ model }) => fromBinary(ModelProtoSchema, model.graph).graph?.node.length ?? 0,
  );
  const lines: string[] = [];
  let stepsInTypeScript = 0;
  const describe = ({ steps }: Program, indent: string): void => {
    for (const step of steps) {
      if (step.kind === "session") {
        lines.push(`${indent}session ${step.session}: ${nodes[step.session]} ONNX nodes`);
        continue;
      }
      stepsInTypeScript++;
      lines.push(`${indent}${opOf(step)} (${step.name}): ${hostReason(step, refused)}`);
      for (const [i, inner] of innerPrograms(step).entries()) {
        lines.push(`${indent}  ${innerNames(step)[i]}:`);
        describe(inner, `${indent}    `);
      }
    }
  };
  describe(program, "");
  const onnxNodes = nodes.reduce((sum, count) => sum + count, 0);
  return { sessions: sessions.length, onnxNodes, stepsInTypeScript, lines };
}

/** What the programs inside of a step are called. */
function innerNames(step: Step): readonly string[] {
  if (step.kind === "while") return ["condition", "body"];
  if (step.kind !== "branch") return [];
  return step.select === "truth" ? ["then", "else"] : step.branches.map((_, i) => `branch ${i}`);
}
