import type { Signature } from "../../lifecycle/servable.ts";
import { invalidArgument } from "../../status/status.ts";
import { JsonObject, parseDocument } from "./json/document.ts";
import { printJson } from "./json/print.ts";
import { readPredictDocument, signatureName } from "./predict-document.ts";
import { type PredictInputs, scanPredictBody, scanSignatureName } from "./predict-scan.ts";

/** The body of a predict request, read as far as it is asked for and never twice. */
export class PredictBody {
  readonly #body: Uint8Array;
  readonly #maxItems: number;
  #document: JsonObject | undefined;

  /** @param maxItems strings, lists and the like that it may have. Default: any number. */
  constructor(body: Uint8Array, maxItems = Number.POSITIVE_INFINITY) {
    this.#body = body;
    this.#maxItems = maxItems;
  }

  /**
   * Empty if the body names none.
   * @throws StatusError INVALID_ARGUMENT as {@link check}.
   */
  signatureName(): string {
    return scanSignatureName(this.#body) ?? signatureName(this.#parsed());
  }

  /** @throws StatusError INVALID_ARGUMENT if this is no JSON object, or its `signature_name` is not a string. */
  check(): void {
    signatureName(this.#parsed());
  }

  /** @throws StatusError INVALID_ARGUMENT or UNIMPLEMENTED for what is not the signature's inputs. */
  inputs(signature: Signature): PredictInputs {
    return (
      scanPredictBody(this.#body, signature, this.#maxItems) ?? readPredictDocument(this.#parsed(), signature)
    );
  }

  #parsed(): JsonObject {
    if (this.#document !== undefined) return this.#document;
    const document = parseDocument(this.#body, this.#maxItems);
    if (!(document instanceof JsonObject)) {
      throw invalidArgument(`JSON Value: ${printJson(document)} Is not object`);
    }
    this.#document = document;
    return document;
  }
}
