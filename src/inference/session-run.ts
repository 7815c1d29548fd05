import type { ServableHandle, ServableLookup, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { invalidArgument, unimplemented } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import {
  DEFAULT_SIGNATURE,
  type ModelSpec,
  type PredictRequest,
  type PredictResponse,
  predict,
} from "./predict.ts";

export interface SessionRunRequest {
  readonly model: ModelSpec;
  /** What is fed, by name. */
  readonly feeds: ReadonlyMap<string, Tensor>;
  /** What is wanted, in this order. */
  readonly fetches: readonly string[];
  /** Nodes to run whose outputs aren't wanted. */
  readonly targets: readonly string[];
  /** Names are those of the signature's inputs and outputs, not of tensors in the graph. */
  readonly namesAreAliases: boolean;
}

/**
 * SessionService.SessionRun, for what one signature of the model computes: its inputs are fed and some of its outputs
 * fetched. In the answer, the outputs have the names of the request.
 * @throws StatusError (or rejects with one) INVALID_ARGUMENT where nothing is fetched; UNIMPLEMENTED where no signature
 * has these inputs and outputs; else as `predict`.
 */
export function sessionRun(
  lookup: ServableLookup,
  request: SessionRunRequest,
  cancellation?: Cancellation,
): PredictResponse | Promise<PredictResponse> {
  const { model, feeds, fetches, targets } = request;
  const handle = lookup.acquire(model);
  try {
    if (fetches.length + targets.length === 0) {
      throw invalidArgument("Must specify at least one target to fetch or execute.");
    }
    if (targets.length > 0) {
      throw unimplemented(
        `This engine runs no targets, only signatures; got the targets ${targets.join(", ")}`,
      );
    }
    const { name, signature } = signatureFor(handle, request);
    const keyOf = (names: Signature["inputs"], given: string) =>
      keyIn(names, given, request.namesAreAliases)!;
    const wanted = fetches.map((fetch) => keyOf(signature.outputs, fetch));
    const distinct = [...new Set(wanted)];
    const asked: PredictRequest = {
      model: { name: handle.id.name, version: handle.id.version, signatureName: name },
      inputs: new Map([...feeds].map(([feed, tensor]) => [keyOf(signature.inputs, feed), tensor])),
      outputFilter: distinct,
    };
    const response = predict(lookup, asked, {}, cancellation);
    const asFetched = (found: PredictResponse): PredictResponse => ({
      id: found.id,
      signatureName: "",
      outputs: fetches,
      tensors: wanted.map((key) => found.tensors[distinct.indexOf(key)]!),
      dispose: () => found.dispose(),
    });
    return response instanceof Promise ? response.then(asFetched) : asFetched(response);
  } finally {
    // `predict` has one of its own.
    handle.release();
  }
}

function signatureFor(
  { id, signatures }: ServableHandle,
  { model, feeds, fetches, namesAreAliases }: SessionRunRequest,
): { readonly name: string; readonly signature: Signature } {
  const named = model.signatureName || (namesAreAliases ? DEFAULT_SIGNATURE : "");
  const candidates = [...signatures]
    .filter(([name]) => named === "" || name === named)
    .sort(([a], [b]) => Number(b === DEFAULT_SIGNATURE) - Number(a === DEFAULT_SIGNATURE));
  for (const [name, signature] of candidates) {
    const fed = [...feeds.keys()].map((feed) => keyIn(signature.inputs, feed, namesAreAliases));
    const fetched = fetches.map((fetch) => keyIn(signature.outputs, fetch, namesAreAliases));
    const isFed = [...signature.inputs].every(
      ([key, { defaultValue }]) => defaultValue !== undefined || fed.includes(key),
    );
    if (isFed && [...fed, ...fetched].every((key) => key !== undefined)) return { name, signature };
  }
  const known = candidates.map(([name, signature]) => `${name}: ${describe(signature, namesAreAliases)}`);
  throw unimplemented(
    `This engine runs the signatures of a model, and none of ${id.name} takes {${[...feeds.keys()].join(", ")}} and gives ` +
      `{${fetches.join(", ")}}. There are: ${known.join("; ") || "none of that name"}`,
  );
}

/** The key of the input or output that a request means. */
function keyIn(tensors: Signature["inputs"], given: string, isAlias: boolean): string | undefined {
  if (isAlias) return tensors.has(given) ? given : undefined;
  const wanted = withSlot(given);
  for (const [key, { tensorName }] of tensors) if (withSlot(tensorName) === wanted) return key;
  return undefined;
}

/** A node's name stands for its first output. */
function withSlot(tensor: string): string {
  return tensor.includes(":") ? tensor : `${tensor}:0`;
}

function describe({ inputs, outputs }: Signature, byAlias: boolean): string {
  const names = (tensors: Signature["inputs"]) =>
    byAlias ? [...tensors.keys()] : [...tensors.values()].map(({ tensorName }) => tensorName);
  return `{${names(inputs).join(", ")}} -> {${names(outputs).join(", ")}}`;
}
