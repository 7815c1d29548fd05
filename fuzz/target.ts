import { StatusError } from "../src/status/status.ts";

/** Something that takes bytes from outside. */
export interface FuzzTarget {
  readonly name: string;
  /** Good inputs, from which the others are made. */
  readonly seeds: readonly Uint8Array[];
  /**
   * Handles an input as the server does. It may refuse it with a StatusError; anything else that it throws, and whatever
   * it finds wrong itself, is a defect.
   */
  run(input: Uint8Array): void | Promise<void>;
}

/** Whether an input was refused as it should be: another error is thrown on. */
export function isRefusal(error: unknown): true {
  if (error instanceof StatusError) return true;
  throw error;
}

/** What `work` gives; undefined if it refuses. */
export function unlessRefused<T>(work: () => T): T | undefined {
  try {
    return work();
  } catch (error) {
    isRefusal(error);
    return undefined;
  }
}
