import { Code, StatusError } from "../status/status.ts";
import { formatServableId, type ServableId } from "./servable.ts";

/** Thrown by a lookup that finds a version which is loaded only when it is asked for. */
export class NotLoaded extends StatusError {
  /** Resolves when it is loaded; rejects with what went wrong. */
  readonly loaded: Promise<void>;

  constructor(id: ServableId, loaded: Promise<void>) {
    super(Code.UNAVAILABLE, `${formatServableId(id)} is being loaded`);
    this.loaded = loaded;
  }
}

/** Makes an attempt, and another each time that it finds a version not loaded, when that is loaded. */
export function whenLoaded<T>(attempt: () => T | Promise<T>): T | Promise<T> {
  try {
    const result = attempt();
    return result instanceof Promise ? result.catch((error: unknown) => again(attempt, error)) : result;
  } catch (error) {
    return again(attempt, error);
  }
}

function again<T>(attempt: () => T | Promise<T>, error: unknown): Promise<T> {
  if (!(error instanceof NotLoaded)) throw error;
  return error.loaded.then(() => whenLoaded(attempt));
}
