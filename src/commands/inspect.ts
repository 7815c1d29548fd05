import { findTensorFlow, INSTALL_COMMAND } from "../engines/tensorflow/library.ts";
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
import { notOneFolder, readCommandLine } from "./command-line.ts";
import { type Plan, planOf } from "./inspect-plan.ts";
import { assertNotAboveVersions } from "./version-folder.ts";

const FILES = "--allow_file_ops";

const USAGE = `Usage: servable inspect [--ops] [--tensorflow_library=PATH] [--allow_file_ops] FOLDER

FOLDER is one version of a SavedModel (the folder with saved_model.pb). Shows its tags and signatures, which engine
runs it, and the operations that keep the importer from it.

  --ops                       show the plan of each signature: its sessions of ONNX Runtime, the operations that run in
                              TypeScript, and why they do
  --tensorflow_library=PATH   as for servable serve
  --allow_file_ops            as for servable serve: files that a model reads when it is loaded are then read here too
`;

const OPTIONS = {
  ops: { type: "boolean", default: false },
  tensorflow_library: { type: "string", default: "" },
  allow_file_ops: { type: "boolean", default: false },
} as const;

interface InspectRequest {
  readonly folder: string;
  readonly showsOps: boolean;
  readonly allowsFileOps: boolean;
  /** As --tensorflow_library names it. */
  readonly library: string;
}

interface Options extends Pick<InspectRequest, "showsOps" | "allowsFileOps"> {
  /** TensorFlow's, if it is there. */
  readonly library: string | undefined;
}

/** @returns the exit code: 0 if every graph can be served, 1 if not or if it can't be read, 2 for wrong arguments. */
export async function inspect(args: readonly string[]): Promise<number> {
  if (args.includes("--help")) {
    process.stdout.write(USAGE);
    return 0;
  }
  const request = parseInspect(args);
  if (typeof request === "string") {
    process.stderr.write(`${request}\n\n${USAGE}`);
    return 2;
  }
  const { folder } = request;
  try {
    const options = { ...request, library: findTensorFlow(request.library) };
    await assertNotAboveVersions(fileStorage, folder);
    const model = await readSavedModelProto(fileStorage, folder);
    let servable = true;
    for (const metaGraph of model.metaGraphs) {
      const tags = metaGraph.metaInfoDef?.tags ?? [];
      servable = (await inspectGraph(folder, tags, options)) && servable;
    }
    return servable ? 0 : 1;
  } catch (error) {
    process.stderr.write(`${formatStatus(asStatusError(error))}\n`);
    return 1;
  }
}

/** What is wrong with the arguments, in words, if anything is. */
function parseInspect(args: readonly string[]): InspectRequest | string {
  const read = readCommandLine(args, OPTIONS);
  if (typeof read === "string") return read;
  const { values, positionals } = read;
  const [folder] = positionals;
  return (
    notOneFolder(positionals) ?? {
      folder: folder!,
      showsOps: values.ops,
      allowsFileOps: values.allow_file_ops,
      library: values.tensorflow_library,
    }
  );
}

async function inspectGraph(
  folder: string,
  tags: readonly string[],
  { showsOps, allowsFileOps, library }: Options,
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
  if (files !== undefined) process.stdout.write(`  Served only with ${FILES}: it has ${files}\n`);
  const model = await openSavedModel(fileStorage, graph);
  try {
    const preparer = new GraphPreparer(model.metaGraph, signatures.values());
    const compiler = new SignatureCompiler(preparer, await initialVariables(model, preparer, fileStorage));
    const refused: string[] = [];
    for (const [key, signature] of signatures) {
      const verdict = await judge(compiler, key, signature);
      if (!verdict.isImported) refused.push(key);
      process.stdout.write(describeSignature(key, signature, verdict, showsOps));
    }
    process.stdout.write(`  Engine ${engineOf(refused, library)}\n`);
    const isAllowed = files === undefined || allowsFileOps;
    return isAllowed && (refused.length === 0 || library !== undefined);
  } finally {
    model.close();
  }
}

/** What --engine=auto runs the graph on, and why. @param refused the signatures that can't be imported. */
function engineOf(refused: readonly string[], library: string | undefined): string {
  if (refused.length === 0) return "onnxruntime: the importer covers every signature";
  const reason = `the importer doesn't cover ${refused.join(", ")}`;
  if (library !== undefined) return `tensorflow: ${reason}; ${library} runs the whole graph`;
  return `none: ${reason}; TensorFlow runs every operation, but is not installed: '${INSTALL_COMMAND}' installs it`;
}

/** What becomes of a signature. */
interface Verdict {
  readonly isImported: boolean;
  readonly text: string;
  readonly plan?: Plan;
}

async function judge(compiler: SignatureCompiler, key: string, signature: Signature): Promise<Verdict> {
  const missing = await compiler.missing(signature);
  if (missing.length > 0) {
    return {
      isImported: false,
      text: `doesn't cover ${missing.map(describeMissingOp).join("; ")}`,
    };
  }
  try {
    const plan = planOf(await compiler.compile(key, signature));
    return { isImported: true, text: "covers every operation", plan };
  } catch (error) {
    return { isImported: false, text: asStatusError(error).message };
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
  lines.push(`    importer ${text}`);
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
