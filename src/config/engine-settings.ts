import type { EngineChoice, EngineSettings, TensorFlowSessions } from "../engines/engine-choice.ts";
import { invalidArgument } from "../status/status.ts";

/** Flags that say which engine runs what. */
export interface EngineFlags {
  readonly engine: string;
  readonly servable_config_file: string;
  readonly tensorflow_library: string;
}

/**
 * @param sessions how TensorFlow's sessions are to be.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT for a file that can't be taken.
 */
export async function engineSettings(
  flags: EngineFlags,
  sessions: TensorFlowSessions,
): Promise<EngineSettings> {
  const { engine, servable_config_file: file, tensorflow_library: tensorflowLibrary } = flags;
  const models = file === "" ? new Map<string, EngineChoice>() : await readChoices(file);
  return { choice: engine as EngineChoice, models, tensorflowLibrary, tensorflowSessions: sessions };
}

/** The models' own choices. protobuf-es takes 50 ms to load: a server without the file does without. */
async function readChoices(path: string): Promise<ReadonlyMap<string, EngineChoice>> {
  const [{ readTextProto }, { Engine, ServableConfigSchema }] = await Promise.all([
    import("./text-proto.ts"),
    import("../proto/gen/servable/config/servable_config_pb.ts"),
  ]);
  const { models } = await readTextProto(ServableConfigSchema, path);
  const words: Readonly<Partial<Record<number, EngineChoice>>> = {
    [Engine.AUTO]: "auto",
    [Engine.ONNXRUNTIME]: "onnxruntime",
    [Engine.TENSORFLOW]: "tensorflow",
  };
  const choices = new Map<string, EngineChoice>();
  const seen = new Set<string>();
  for (const { name, engine } of models) {
    if (name === "") throw invalidArgument(`${path}: expected the settings of every model to have a name`);
    if (seen.has(name)) throw invalidArgument(`${path}: the model ${name} has settings twice`);
    seen.add(name);
    const choice = words[engine];
    if (choice !== undefined) choices.set(name, choice);
  }
  return choices;
}
