import {
  openSavedModel,
  readSavedModelGraph,
  readSavedModelProto,
} from "../formats/saved-model/saved-model.ts";
import { SignatureCompiler } from "../import/compile.ts";
import { describeMissingOp } from "../import/missing-ops.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import { assertNoFileUse, describeFileUse, fileUseOf } from "../loaders/file-permission.ts";
import { signaturesOf } from "../loaders/signatures.ts";
import { initialVariables } from "../loaders/state-loading.ts";
import { asStatusError, formatStatus } from "../status/status.ts";
import { fileStorage } from "../storage/file.ts";
import { dtypeInfo } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import type { Signature, SignatureTensor } from "../tensor/signature.ts";
import { type Plan, planOf } from "./inspect-plan.ts";

const USAGE = `Usage: servable inspect [--ops] [--allow_file_ops] FOLDER

FOLDER is one version of a SavedModel (the folder with saved_model.pb). Shows its tags and signatures, which engine
runs each, and the operations that keep one from being served.

  --ops    show the plan of each signature: its sessions of ONNX Runtime, the operations that run in TypeScript, and
           why they do
  --allow_file_ops
           as of the server: a model may read and write files that aren't its own, and reads them now if it does so
           when it is loaded
`;

interface Options {
  readonly showsOps: boolean;
  readonly allowsFileOps: boolean;
}

/** @returns the exit code: 0 if every graph can be served, 1 if not or if it can't be read, 2 for wrong arguments. */
export async function inspect(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const options = { showsOps: args.includes("--ops"), allowsFileOps: args.includes("--allow_file_ops") };
  const [folder, ...others] = args.filter((arg) => arg !== "--ops" && arg !== "--allow_file_ops");
  if (others.length > 0 || folder === undefined || folder.startsWith("-")) {
    process.stderr.write(USAGE);
    return 2;
  }
  try {
    const model = await readSavedModelProto(fileStorage, folder);
    let servable = true;
    for (const metaGraph of model.metaGraphs) {
      servable = (await inspectGraph(folder, metaGraph.metaInfoDef?.tags ?? [], options)) && servable;
    }
    return servable ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${formatStatus(asStatusError(error))}\n`);
    return 1;
  }
}

async function inspectGraph(
  folder: string,
  tags: readonly string[],
  { showsOps, allowsFileOps }: Options,
): Promise<boolean> {
  const graph = await readSavedModelGraph(fileStorage, folder, tags);
  const info = graph.metaGraph.metaInfoDef;
  const writer = info?.tensorflowVersion ? ` (written by TensorFlow ${info.tensorflowVersion})` : "";
  process.stdout.write(`Graph with the tags ${tags.join(", ") || "(none)"}${writer}\n`);
  const signatures = signaturesOf(graph.signatures);
  const use = fileUseOf(graph, signatures);
  // What loading reads, looking into the model would read too.
  if (!allowsFileOps) assertNoFileUse({ ...use, running: new Map() });
  const files = describeFileUse(use);
  if (files !== undefined) process.stdout.write(`  Served only with --allow_file_ops: it has ${files}\n`);
  const model = await openSavedModel(fileStorage, graph);
  try {
    const preparer = new GraphPreparer(model.metaGraph, signatures.values());
    const compiler = new SignatureCompiler(preparer, await initialVariables(model, preparer, fileStorage));
    let servable = files === undefined || allowsFileOps;
    for (const [key, signature] of signatures) {
      const verdict = await judge(compiler, key, signature);
      servable &&= verdict.servable;
      process.stdout.write(describeSignature(key, signature, verdict, showsOps));
    }
    return servable;
  } finally {
    model.close();
  }
}

/** What becomes of a signature. */
interface Verdict {
  readonly servable: boolean;
  readonly text: string;
  readonly plan?: Plan;
}

async function judge(compiler: SignatureCompiler, key: string, signature: Signature): Promise<Verdict> {
  const missing = await compiler.missing(signature);
  if (missing.length > 0) {
    return {
      servable: false,
      text: `none: operations that aren't covered: ${missing.map(describeMissingOp).join("; ")}`,
    };
  }
  try {
    const plan = planOf(await compiler.compile(key, signature));
    return { servable: true, text: "onnxruntime: the importer covers every operation", plan };
  } catch (error) {
    return { servable: false, text: `none: ${asStatusError(error).message}` };
  }
}

function describeSignature(
  key: string,
  signature: Signature,
  { text, plan }: Verdict,
  showsOps: boolean,
): string {
  const lines = [`  Signature ${key}`, `    method   ${signature.methodName || "(none)"}`];
  for (const [name, tensor] of signature.inputs) lines.push(describeTensor("input ", name, tensor));
  for (const [name, tensor] of signature.outputs) lines.push(describeTensor("output", name, tensor));
  lines.push(`    engine   ${text}`);
  if (plan !== undefined) {
    const { sessions, onnxNodes, stepsInTypeScript } = plan;
    lines.push(
      `    plan     ${sessions === 1 ? "1 session" : `${sessions} sessions`} of ONNX Runtime with ${onnxNodes} nodes, ` +
        `${stepsInTypeScript === 1 ? "1 step" : `${stepsInTypeScript} steps`} in TypeScript`,
    );
    if (showsOps) lines.push(...plan.lines.map((line) => `      ${line}`));
  }
  return `${lines.join("\n")}\n`;
}

function describeTensor(what: string, name: string, { dtype, shape, tensorName }: SignatureTensor): string {
  return `    ${what}   ${name}: ${dtypeInfo(dtype).protoName} ${formatShape(shape)} (${tensorName})`;
}
