import type { Loader } from "../lifecycle/loader.ts";
import type { Servable, ServableId } from "../lifecycle/servable.ts";
import type { ServablePayload } from "./servable-payload.ts";

/** A version that a module of one's own serves: each request worker imports it and makes its servable from it. */
export interface ModulePayload {
  readonly id: ServableId;
  /** The URL of a module that is a {@link ServableModule}. */
  readonly module: string;
  /** Whatever the module needs to know; survives `postMessage`. */
  readonly data: unknown;
}

/** What goes to the request workers. */
export type Payload = ServablePayload | ModulePayload;

/** What a module for {@link moduleLoader} exports. */
export interface ServableModule {
  /** Called once in each request worker. What it makes is released when the version goes. */
  createServable(id: ServableId, data: unknown): Servable | Promise<Servable>;
}

export interface ModuleOptions {
  /** The URL of the module, e.g. `import.meta.resolve("./double.ts")`. */
  readonly module: string;
  /** Handed to the module's `createServable` in each worker; survives `postMessage`. Default: undefined. */
  readonly data?: unknown;
  /** Bytes of main memory that the version takes in all workers together. Default: 0. */
  readonly ramBytes?: number;
}

/** A loader for a version that a module serves. */
export function moduleLoader(
  id: ServableId,
  { module, data, ramBytes = 0 }: ModuleOptions,
): Loader<ModulePayload> {
  return {
    id,
    estimate: async () => ({ ramBytes }),
    load: async () => ({ id, module, data }),
    unload: async () => {},
  };
}

/** Makes the servable in the calling thread. @throws rejects with what the module throws. */
export async function createModuleServable({ id, module, data }: ModulePayload): Promise<Servable> {
  const { createServable } = (await import(module)) as ServableModule;
  return createServable(id, data);
}
