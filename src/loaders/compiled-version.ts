import type { OperatorThreads } from "../engines/engine.ts";
import type { CompiledSession } from "../import/program.ts";
import type { Signature } from "../tensor/signature.ts";
import type { FreeProgram, LoadedProgram } from "./servable-payload.ts";
import type { StateMemory } from "./servable-state.ts";

/** What the importer makes of a version: all that is served of it but what is native. */
export interface CompiledVersion {
  readonly signatures: ReadonlyMap<string, Signature>;
  /** A serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Uint8Array;
  readonly programs: ReadonlyMap<string, LoadedProgram>;
  readonly freePrograms: ReadonlyMap<string, FreeProgram>;
  /** What programs name by position. Their weights may be read until the version's files are closed. */
  readonly sessions: readonly VersionSession[];
  readonly state: StateMemory;
}

export interface VersionSession extends CompiledSession {
  /** Which threads suit its operators; undefined if that was not tried yet. */
  readonly threads?: OperatorThreads;
}
