import { internal } from "../../status/status.ts";
import type { SessionDescriptor } from "../engine.ts";
import { NativeNames } from "../native-names.ts";
import type { Pointer } from "./api.ts";
import type { Binding } from "./binding.ts";
import { checked } from "./status.ts";

/** A loaded SavedModel: plain data that names what all threads use. */
export interface NativeModel {
  readonly engine: "tensorflow";
  /** The library that it belongs to. */
  readonly library: string;
  /** `TF_Session *` */
  readonly handle: Pointer;
  /** `TF_Graph *` */
  readonly graph: Pointer;
}

/** Some tensors of a loaded SavedModel to feed and to fetch, by their names in the graph: a signature, say. */
export type TensorFlowDescriptor = NativeModel & SessionDescriptor;

/** What to load, and how. */
export interface SavedModelSource {
  /** The folder with saved_model.pb, in the local file system. */
  readonly directory: string;
  /** The tags of the meta graph. */
  readonly tags: readonly string[];
  /** A serialized tensorflow.ConfigProto. Thread pools are the process's: those of its first session count. */
  readonly config: Uint8Array;
}

/**
 * Loads a meta graph: its variables are restored, its init op is run, its assets are found.
 * @throws StatusError with TensorFlow's code and message; nothing stays allocated then.
 */
export function loadSavedModel(binding: Binding, library: string, source: SavedModelSource): NativeModel {
  const { api } = binding;
  const { directory, tags, config } = source;
  const names = new NativeNames(tags);
  const options = api.TF_NewSessionOptions();
  const graph = api.TF_NewGraph();
  try {
    checked(api, (status) => api.TF_SetConfig(options, config, config.length, status));
    const handle = checked(api, (status) =>
      api.TF_LoadSessionFromSavedModel(
        options,
        null,
        directory,
        names.table,
        tags.length,
        graph,
        null,
        status,
      ),
    );
    if (handle === null) throw internal(`TensorFlow gave no session for ${directory}`);
    return { engine: "tensorflow", library, handle, graph };
  } catch (error) {
    api.TF_DeleteGraph(graph);
    throw error;
  } finally {
    api.TF_DeleteSessionOptions(options);
    names.free();
  }
}

/** Ends the session and frees all that it holds. */
export function deleteSavedModel({ api }: Binding, { handle, graph }: NativeModel): void {
  try {
    checked(api, (status) => api.TF_CloseSession(handle, status));
  } finally {
    checked(api, (status) => api.TF_DeleteSession(handle, status));
    api.TF_DeleteGraph(graph);
  }
}
