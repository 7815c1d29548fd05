import { ModelState, type ServableLookup, type VersionStatus } from "../lifecycle/servable.ts";

/** A model and what is known of its versions, newest first; none if none was ever seen. */
export interface ModelVersions {
  readonly name: string;
  readonly versions: readonly VersionStatus[];
}

/** Every configured model, in the order of the configuration. */
export function listModels(lookup: ServableLookup): ModelVersions[] {
  return Array.from(lookup.names(), (name) => ({ name, versions: lookup.status(name) ?? [] }));
}

/** The configured models that can't be asked: none of their versions is available. */
export function modelsNotReady(lookup: ServableLookup): ModelVersions[] {
  return listModels(lookup).filter(({ versions }) =>
    versions.every(({ state }) => state !== ModelState.AVAILABLE),
  );
}
