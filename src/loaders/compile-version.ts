import { create, toBinary } from "@bufbuild/protobuf";
import type { OnnxEngine } from "../engines/engine.ts";
import type { SavedModelBundle, SavedModelGraph } from "../formats/saved-model/saved-model.ts";
import { type CompiledSignature, SignatureCompiler } from "../import/compile.ts";
import { GraphPreparer } from "../import/prepared-graph.ts";
import type { CompiledSession } from "../import/program.ts";
import { SignatureDefMapSchema } from "../proto/gen/tensorflow_serving/apis/get_model_metadata_pb.ts";
import type { Storage } from "../storage/storage.ts";
import type { Signature } from "../tensor/signature.ts";
import type { CompiledVersion } from "./compiled-version.ts";
import { runConstantSteps } from "./constant-steps.ts";
import { assertCovered } from "./coverage.ts";
import { compileFree, type FreeSignature } from "./free-shapes.ts";
import type { LoadedProgram } from "./servable-payload.ts";
import { initialVariables, loadState } from "./state-loading.ts";

/**
 * Imports every signature of a model.
 * @param engine runs what is the same in every request, once.
 * @throws StatusError (rejects) UNIMPLEMENTED for what the importer doesn't cover, or what else is wrong with the model.
 */
export async function compileVersion(
  model: SavedModelBundle,
  signatures: ReadonlyMap<string, Signature>,
  engine: OnnxEngine,
  storage: Storage,
): Promise<CompiledVersion> {
  const preparer = new GraphPreparer(model.metaGraph, signatures.values());
  const compiler = new SignatureCompiler(preparer, await initialVariables(model, preparer, storage));
  await assertCovered(compiler, signatures);
  const declared = new Map<string, CompiledSignature>();
  const free = new Map<string, FreeSignature>();
  for (const [key, signature] of signatures) {
    const compiled = await runConstantSteps(await compiler.compile(key, signature), engine);
    declared.set(key, compiled);
    const other = await compileFree(compiler, key, signature, compiled, engine);
    if (other !== undefined) free.set(key, other);
  }
  const compiled = [...declared.values(), ...[...free.values()].map((signature) => signature.compiled)];
  // Signatures that compute the same share their sessions.
  const distinct = new Map<string, CompiledSession>();
  for (const session of compiled.flatMap((signature) => signature.sessions)) {
    if (!distinct.has(session.identity)) distinct.set(session.identity, session);
  }
  const positions = new Map([...distinct.keys()].map((identity, i) => [identity, i]));
  const loaded = ({ program, sessions }: CompiledSignature): LoadedProgram => ({
    program,
    sessions: sessions.map(({ identity }) => positions.get(identity)!),
  });
  const programs = new Map([...declared].map(([key, signature]) => [key, loaded(signature)]));
  const freePrograms = new Map(
    [...free].map(([key, { compiled, shapes }]) => [key, { ...loaded(compiled), shapes }]),
  );
  const state = await loadState(model, preparer, compiled, storage);
  return {
    signatures,
    signatureDefMap: signatureDefMap(model),
    programs,
    freePrograms,
    sessions: [...distinct.values()],
    state,
  };
}

export function signatureDefMap({ metaGraph }: Pick<SavedModelGraph, "metaGraph">): Uint8Array {
  const { signatureDef } = metaGraph;
  return toBinary(SignatureDefMapSchema, create(SignatureDefMapSchema, { signatureDef }));
}
