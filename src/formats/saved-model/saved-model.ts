import { createRegistry, fromBinary } from "@bufbuild/protobuf";
import { fromText } from "@bufbuild/protobuf/txtpb";
import { anyUnpack } from "@bufbuild/protobuf/wkt";
import {
  type AssetFileDef,
  AssetFileDefSchema,
  type MetaGraphDef,
  type SignatureDef,
} from "../../proto/gen/tensorflow/core/protobuf/meta_graph_pb.ts";
import {
  file_tensorflow_core_protobuf_saved_model,
  type SavedModel,
  SavedModelSchema,
} from "../../proto/gen/tensorflow/core/protobuf/saved_model_pb.ts";
import { Code, dataLoss, failedPrecondition, notFound, StatusError } from "../../status/status.ts";
import { joinPath, type Storage } from "../../storage/storage.ts";
import { type TensorBundle, variablesPrefix } from "./stored-bundle.ts";
import { openBundle } from "./tensor-bundle.ts";
import { type RestoredState, restoredState } from "./variable-keys.ts";

/** One meta graph of a SavedModel, with what lies beside it. The caller closes it. */
export interface SavedModelBundle {
  readonly directory: string;
  readonly schemaVersion: number;
  /** As stored; `signatureDef` includes the entries that mark init and train ops. */
  readonly metaGraph: MetaGraphDef;
  /** The signatures that can be called, by key. */
  readonly signatures: ReadonlyMap<string, SignatureDef>;
  /** The node to run once, after variables are restored and with assets fed; it initialises tables. */
  readonly initOp: string | undefined;
  readonly assets: readonly Asset[];
  /** Undefined if the model has none. */
  readonly variables: TensorBundle | undefined;
  /** Which of `variables` belongs to which node. */
  readonly restored: RestoredState;
  close(): void;
}

/** A file that the graph reads: a string tensor of the graph is to hold its path. */
export interface Asset {
  /** e.g. `Const:0` */
  readonly tensor: string;
  /** As the model names it, within its folder of assets. */
  readonly filename: string;
  readonly path: string;
}

// tensorflow/cc/saved_model/constants.h
const BINARY_FILE = "saved_model.pb";
const TEXT_FILE = "saved_model.pbtxt";
const ASSETS_DIRECTORY = "assets";
const MARKER_SIGNATURE_PREFIX = "__saved_model_";
const INIT_OP_SIGNATURE = "__saved_model_init_op";
const INIT_OP_COLLECTIONS = ["saved_model_main_op", "legacy_init_op"];
const ASSETS_COLLECTION = "saved_model_assets";

/** One meta graph of a SavedModel, without what lies beside it. */
export type SavedModelGraph = Pick<
  SavedModelBundle,
  "directory" | "schemaVersion" | "metaGraph" | "signatures" | "initOp" | "assets"
>;

/**
 * Reads the meta graph that has exactly these tags, and opens its variables.
 * @throws StatusError NOT_FOUND if the model, its meta graph or one of its files is missing; DATA_LOSS if a file is
 *   damaged. The message names it.
 */
export async function readSavedModel(
  storage: Storage,
  directory: string,
  tags: readonly string[],
): Promise<SavedModelBundle> {
  return openSavedModel(storage, await readSavedModelGraph(storage, directory, tags));
}

/**
 * Reads the meta graph that has exactly these tags.
 * @throws StatusError as `readSavedModel`.
 */
export async function readSavedModelGraph(
  storage: Storage,
  directory: string,
  tags: readonly string[],
): Promise<SavedModelGraph> {
  const model = await readSavedModelProto(storage, directory);
  const metaGraph = selectMetaGraph(model, tags);
  const signatures = Object.entries(metaGraph.signatureDef).filter(
    ([key]) => !key.startsWith(MARKER_SIGNATURE_PREFIX),
  );
  return {
    directory,
    schemaVersion: Number(model.savedModelSchemaVersion),
    metaGraph,
    signatures: new Map(signatures),
    initOp: initOpOf(metaGraph, directory),
    assets: assetsOf(metaGraph, directory),
  };
}

/** Opens the variables of a graph, and sees that its assets are there. @throws StatusError as `readSavedModel`. */
export async function openSavedModel(storage: Storage, graph: SavedModelGraph): Promise<SavedModelBundle> {
  const { directory, metaGraph, assets } = graph;
  const restored = restoredState(metaGraph);
  for (const asset of assets) await storage.stat(asset.path);
  const variables = await openVariables(storage, directory, restored);
  return { ...graph, variables, restored, close: () => variables?.close() };
}

/**
 * Reads `saved_model.pb`, or `saved_model.pbtxt` where there is none.
 * @throws StatusError NOT_FOUND, in TensorFlow's words, if there is neither; DATA_LOSS if it can't be parsed.
 */
export async function readSavedModelProto(storage: Storage, directory: string): Promise<SavedModel> {
  const binaryPath = joinPath(directory, BINARY_FILE);
  const binary = await readIfPresent(storage, binaryPath);
  if (binary) return parsing(binaryPath, "binary", () => fromBinary(SavedModelSchema, binary));

  const textPath = joinPath(directory, TEXT_FILE);
  const text = await readIfPresent(storage, textPath);
  if (text) {
    const registry = createRegistry(file_tensorflow_core_protobuf_saved_model, AssetFileDefSchema);
    return parsing(textPath, "text", () =>
      fromText(SavedModelSchema, new TextDecoder("utf-8", { fatal: true }).decode(text), { registry }),
    );
  }
  throw notFound(
    `Could not find SavedModel .pb or .pbtxt at supplied export directory path: ${directory}. ` +
      "Check that the directory exists and that you have the right permissions for accessing it.",
  );
}

async function readIfPresent(storage: Storage, path: string): Promise<Uint8Array | undefined> {
  try {
    return await storage.readFile(path);
  } catch (error) {
    if (error instanceof StatusError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
}

function parsing(path: string, form: string, work: () => SavedModel): SavedModel {
  try {
    return work();
  } catch (error) {
    throw dataLoss(`Can't parse ${path} as ${form} proto: ${(error as Error).message}`);
  }
}

function tagsOf(metaGraph: MetaGraphDef): readonly string[] {
  return metaGraph.metaInfoDef?.tags ?? [];
}

function selectMetaGraph(model: SavedModel, tags: readonly string[]): MetaGraphDef {
  const wanted = new Set(tags);
  const found = model.metaGraphs.find((metaGraph) => {
    const has = new Set(tagsOf(metaGraph));
    return has.size === wanted.size && tags.every((tag) => has.has(tag));
  });
  if (found) return found;
  const available = model.metaGraphs.map((metaGraph) => `{ ${tagsOf(metaGraph).join(" ")} }`);
  throw notFound(
    `Could not find meta graph def matching supplied tags: { ${tags.join(" ")} }. To inspect available tag-sets in ` +
      "the SavedModel, please use the SavedModel CLI: `saved_model_cli`. " +
      `It has the tag-sets: ${available.join(", ") || "none"}`,
  );
}

/** `GetInitOp` in tensorflow/cc/saved_model/loader_util.cc. */
function initOpOf(metaGraph: MetaGraphDef, directory: string): string | undefined {
  const marked = metaGraph.signatureDef[INIT_OP_SIGNATURE]?.outputs[INIT_OP_SIGNATURE]?.encoding;
  if (marked?.case === "name") return nodeName(marked.value);
  const collection = INIT_OP_COLLECTIONS.map((key) => metaGraph.collectionDef[key]).find((found) => found);
  if (collection === undefined) return undefined;
  const names = collection.kind.case === "nodeList" ? collection.kind.value.value : [];
  if (names.length !== 1) {
    throw failedPrecondition(`Expected exactly one main op in : ${directory}, got ${names.length}`);
  }
  return nodeName(names[0]!);
}

function nodeName(tensor: string): string {
  return tensor.replace(/:\d+$/, "");
}

/** TF2 lists assets in the meta graph itself, TF1 in a collection. */
function assetsOf(metaGraph: MetaGraphDef, directory: string): readonly Asset[] {
  const folder = joinPath(directory, ASSETS_DIRECTORY);
  const listed =
    metaGraph.assetFileDef.length > 0 ? metaGraph.assetFileDef : assetCollection(metaGraph, directory);
  return listed.map((asset) => {
    const encoding = asset.tensorInfo?.encoding;
    return {
      tensor: encoding?.case === "name" ? encoding.value : "",
      filename: asset.filename,
      path: joinPath(folder, asset.filename),
    };
  });
}

function assetCollection(metaGraph: MetaGraphDef, directory: string): readonly AssetFileDef[] {
  const kind = metaGraph.collectionDef[ASSETS_COLLECTION]?.kind;
  if (kind?.case !== "anyList") return [];
  return kind.value.value.map((any) => {
    const asset = anyUnpack(any, AssetFileDefSchema);
    if (asset === undefined) {
      throw failedPrecondition(
        `Expected AssetFileDef in the collection ${ASSETS_COLLECTION} of ${directory}, got ${any.typeUrl}`,
      );
    }
    return asset;
  });
}

/** A model without variables may lack the index, as TensorFlow allows. */
async function openVariables(
  storage: Storage,
  directory: string,
  restored: RestoredState,
): Promise<TensorBundle | undefined> {
  const prefix = variablesPrefix(directory);
  if (restored.variables.size + restored.tables.size > 0) return openBundle(storage, prefix);
  try {
    await storage.stat(`${prefix}.index`);
  } catch (error) {
    if (error instanceof StatusError && error.code === Code.NOT_FOUND) return undefined;
    throw error;
  }
  return openBundle(storage, prefix);
}
