import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** A model that the bench serves. */
export interface BenchModel {
  readonly name: string;
  /** The folder that has a folder for each version. */
  readonly path: string;
  readonly version: string;
  /** A JPEG file for its signature `image`, if it has one. */
  readonly image?: string;
}

const folder = (path: string) => fileURLToPath(new URL(path, import.meta.url));

function made(name: string): BenchModel {
  return { name, path: folder(`models/${name}`), version: "1" };
}

function madeForImages(name: string): BenchModel {
  return { ...made(name), image: folder(`models/${name}/image.jpg`) };
}

export const MODELS: readonly BenchModel[] = [
  { name: "half_plus_two", path: folder("../fixtures/models/half_plus_two"), version: "123" },
  made("mlp"),
  made("bilstm_50"),
  madeForImages("mobilenet_v2"),
  madeForImages("resnet50"),
  madeForImages("vit"),
];

/** @throws Error that says how to make the models that are missing. */
export function findModels(names: readonly string[]): readonly BenchModel[] {
  const models = MODELS.filter((model) => names.includes(model.name));
  const missing = models.filter(({ path, version }) => !existsSync(`${path}/${version}/saved_model.pb`));
  if (missing.length > 0) {
    throw new Error(
      `Missing models: ${missing.map((model) => model.name).join(", ")}. ` +
        "Make them with pip's tensorflow: python bench/make-models.py",
    );
  }
  return models;
}
