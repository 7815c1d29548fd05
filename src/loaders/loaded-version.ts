import type { Signature } from "../tensor/signature.ts";
import type { ImportedPayload, TensorFlowPayload } from "./servable-payload.ts";

/** What there is of a version once its engine has it. */
export type Loaded =
  | Omit<ImportedPayload, "id" | "signatures" | "signatureDefMap" | "batching">
  | Omit<TensorFlowPayload, "id" | "signatures" | "signatureDefMap" | "batching">;

/** A version that its engine has. */
export interface LoadedVersion {
  readonly loaded: Loaded;
  readonly signatures: ReadonlyMap<string, Signature>;
  /** A serialized tensorflow.serving.SignatureDefMap. */
  readonly signatureDefMap: Uint8Array;
  /** The keys of the signatures whose runs change state. */
  readonly changing: readonly string[];
}
