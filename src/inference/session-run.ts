import type { GraphRun } from "../engines/engine.ts";
import type { ServableHandle, ServableLookup, Signature } from "../lifecycle/servable.ts";
import type { Cancellation } from "../status/cancellation.ts";
import { failedPrecondition, invalidArgument, unimplemented } from "../status/status.ts";
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
 * SessionService.SessionRun. A model whose engine has its graph runs any part of it; an imported one what one of its
 * signatures computes: its inputs are fed and some of its outputs fetched. In the answer, the outputs have the names of
 * the request.
 * @throws StatusError (or rejects with one) INVALID_ARGUMENT where nothing is fetched, or for an alias that the signature
 * lacks; UNIMPLEMENTED where no signature of an imported model has these inputs and outputs; else as `predict`, or the
 * engine's.
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
    if (handle.runGraph !== undefined) {
      // As `predict` has one of its own, this one goes too.
      const { name, version } = handle.id;
      const run = inGraph(handle, request);
      return runGraph(lookup.acquire({ name, version }), run, fetches);
    }
    if (targets.length > 0) {
      throw unimplemented(
        `This engine runs no targets, only signatures; got the targets ${targets.join(", ")}. ${ANY_GRAPH}`,
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

const ANY_GRAPH = "The engine TensorFlow (--engine=tensorflow) runs any part of a graph";

/** What a request means in the graph, where it may speak of a signature's inputs and outputs. */
function inGraph(
  { signatures }: ServableHandle,
  { model, feeds, fetches, targets, namesAreAliases }: SessionRunRequest,
): GraphRun {
  if (!namesAreAliases) return { feeds, fetches, targets };
  const name = model.signatureName || DEFAULT_SIGNATURE;
  const signature = signatures.get(name);
  if (signature === undefined) throw failedPrecondition(`Serving signature key "${name}" not found.`);
  const tensorOf = (tensors: Signature["inputs"], alias: string): string => {
    const found = tensors.get(alias);
    if (found !== undefined) return found.tensorName;
    throw invalidArgument(`The signature ${name} has no ${alias}; it has ${describe(signature, true)}`);
  };
  return {
    feeds: new Map([...feeds].map(([alias, tensor]) => [tensorOf(signature.inputs, alias), tensor])),
    fetches: fetches.map((alias) => tensorOf(signature.outputs, alias)),
    targets,
  };
}

/** @param handle is let go when the response is disposed, or there is none. */
async function runGraph(
  handle: ServableHandle,
  run: GraphRun,
  fetches: readonly string[],
): Promise<PredictResponse> {
  try {
    const result = await handle.runGraph!(run);
    return {
      id: handle.id,
      signatureName: "",
      outputs: fetches,
      tensors: result.tensors,
      dispose() {
        result.dispose();
        handle.release();
      },
    };
  } catch (error) {
    handle.release();
    throw error;
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
      `{${fetches.join(", ")}}. There are: ${known.join("; ") || "none of that name"}. ${ANY_GRAPH}`,
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
