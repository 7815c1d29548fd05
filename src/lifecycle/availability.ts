import { Code, formatStatus, StatusError } from "../status/status.ts";
import { formatServableId, ModelState, type VersionStatus } from "./servable.ts";
import type { StateBus } from "./state-bus.ts";
import { VersionStates } from "./version-states.ts";

export interface AvailabilityWaitOptions {
  /** How the error calls them: TensorFlow Serving says servables at the start and models at a reload. */
  readonly noun: "servable" | "model";
  /** Look only at what happens from now on: what is known of these models is of an earlier life. Default: false. */
  readonly fresh?: boolean;
  /** How many models must serve. Default: all. */
  readonly enough?: "all" | "any";
}

/**
 * Follows models until they serve; waits for models of which nothing was found yet. Text of the error: TensorFlow
 * Serving's load_servables_fast.cc and server_core.cc.
 */
export class AvailabilityWait {
  /**
   * Resolves when enough of them serve some version. Rejects with StatusError UNKNOWN, which lists what failed, when
   * each of the models either serves or has nothing left that could, and too few serve.
   */
  readonly done: Promise<void>;
  readonly #options: AvailabilityWaitOptions;
  readonly #pending: Set<string>;
  readonly #failures: string[] = [];
  readonly #outcome: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #unsubscribe: () => void;
  #available = 0;

  constructor(bus: StateBus, names: Iterable<string>, options: AvailabilityWaitOptions) {
    this.#options = options;
    this.#pending = new Set(names);
    this.done = this.#outcome.promise;
    // A wait that nobody awaits may fail all the same.
    this.done.catch(() => {});
    const seen = new VersionStates();
    this.#unsubscribe = bus.subscribe(({ id: { name, version }, state, status }) => {
      seen.set(name, { version, state, status });
      this.#check(name, (options.fresh ? seen.get(name) : bus.status(name)) ?? []);
    });
    if (!options.fresh) for (const name of [...this.#pending]) this.#check(name, bus.status(name) ?? []);
    this.#conclude();
  }

  /** Counts a model that is still waited for as failed. */
  fail(name: string, reason: string): void {
    if (this.#pending.delete(name)) this.#addFailure(name, reason);
  }

  #check(name: string, versions: readonly VersionStatus[]): void {
    if (!this.#pending.has(name)) return;
    const outcome = judge(versions);
    if (outcome === "pending") return;
    this.#pending.delete(name);
    if (outcome === "available") {
      this.#available++;
      this.#conclude();
    } else {
      const { version, status } = outcome;
      this.#addFailure(formatServableId({ name, version }), formatStatus(status));
    }
  }

  #addFailure(what: string, reason: string): void {
    this.#failures.push(`{${what} due to error: ${reason}}, `);
    this.#conclude();
  }

  #conclude(): void {
    const { noun, enough } = this.#options;
    const one = enough === "any" && this.#available > 0;
    if (this.#pending.size > 0 && !one) return;
    this.#unsubscribe();
    if (one || this.#failures.length === 0) {
      this.#outcome.resolve();
    } else {
      const message = `${this.#failures.length} ${noun}(s) did not become available: {${this.#failures.join("")}}`;
      this.#outcome.reject(new StatusError(Code.UNKNOWN, message));
    }
  }
}

/**
 * Given the versions, newest first: the newest failure counts when nothing can become available any more. A version
 * that went away before it could serve didn't fail: another may come.
 */
function judge(versions: readonly VersionStatus[]): "available" | "pending" | VersionStatus {
  if (versions.some((version) => version.state === ModelState.AVAILABLE)) return "available";
  const ended = versions.every((version) => version.state === ModelState.END);
  const failure = versions.find(({ status }) => status.code !== Code.OK && status.code !== Code.CANCELLED);
  return ended && failure !== undefined ? failure : "pending";
}
