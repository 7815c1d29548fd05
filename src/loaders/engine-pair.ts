import type { OnnxEngine } from "../engines/engine.ts";
import { DEFAULT_SESSIONS, type EngineChoice } from "../engines/engine-choice.ts";
import { readSavedModelGraph } from "../formats/saved-model/saved-model.ts";
import type { Servable } from "../lifecycle/servable.ts";
import type { Logger } from "../status/log.ts";
import type { Storage } from "../storage/storage.ts";
import { outputsByChance } from "../verification/chance.ts";
import type { IncomparableOutputs } from "../verification/comparison.ts";
import { changingSignatures } from "./imported-model.ts";
import { SavedModelLoading } from "./saved-model-loading.ts";
import type { ServablePayload } from "./servable-payload.ts";
import { signaturesOf } from "./signatures.ts";
import { attachServable, ThreadEngines } from "./thread-engines.ts";

export interface EnginePairOptions {
  readonly storage: Storage;
  readonly engine: OnnxEngine;
  /** The path of TensorFlow's library. */
  readonly library: string;
  readonly tags: readonly string[];
  readonly allowsFileOps?: boolean;
}

/** One version, loaded twice: imported, and by TensorFlow. */
export interface EnginePair {
  readonly imported: Servable;
  readonly tensorflow: Servable;
  readonly incomparable: IncomparableOutputs;
  /** The keys of the signatures with loops, which may take any number of rounds. */
  readonly unbounded: ReadonlySet<string>;
  /** The keys of those whose requests change what later ones see. */
  readonly changing: ReadonlySet<string>;
  /** Frees both. No run may be under way. */
  release(): Promise<void>;
}

const silent: Logger = { info() {}, warning() {}, error() {} };

/**
 * Loads a version on both engines, neither of which anything has been asked of.
 * @param folder the version's.
 * @throws StatusError (rejects) if either can't load it; nothing stays allocated then.
 */
export async function loadOnBoth(folder: string, options: EnginePairOptions): Promise<EnginePair> {
  const { storage, engine, library, tags, allowsFileOps } = options;
  const graph = await readSavedModelGraph(storage, folder, tags);
  const incomparable = outputsByChance(graph.metaGraph, signaturesOf(graph.signatures));
  const engines = new ThreadEngines(engine);
  const load = async (choice: EngineChoice) => {
    const settings = {
      choice,
      models: new Map(),
      tensorflowLibrary: library,
      tensorflowSessions: DEFAULT_SESSIONS,
    };
    const loading = new SavedModelLoading({
      storage,
      engine,
      tags,
      log: silent,
      engines: settings,
      ...(allowsFileOps !== undefined && { allowsFileOps }),
    });
    const payload = await loading.load({ name: "model", version: 1n }, folder);
    const servable = await attachServable(payload, engines, 0);
    const release = async () => {
      servable.release();
      await loading.unload(payload);
    };
    return { payload, servable, release };
  };
  const imported = await load("onnxruntime");
  try {
    const tensorflow = await load("tensorflow");
    return {
      imported: imported.servable,
      tensorflow: tensorflow.servable,
      incomparable,
      unbounded: unboundedOf(tensorflow.payload),
      changing: changingOf(imported.payload),
      async release() {
        await imported.release();
        await tensorflow.release();
      },
    };
  } catch (error) {
    await imported.release();
    throw error;
  }
}

function changingOf(payload: ServablePayload): ReadonlySet<string> {
  return new Set(payload.engine === "onnxruntime" ? changingSignatures(payload) : []);
}

function unboundedOf(payload: ServablePayload): ReadonlySet<string> {
  const runs = payload.engine === "tensorflow" ? [...payload.runs] : [];
  return new Set(runs.filter(([, { isUnbounded }]) => isUnbounded).map(([key]) => key));
}
