import { status } from "@grpc/grpc-js";
import { ABANDONED_REQUESTS, type Ports } from "./abandoned-requests.ts";
import { BAD_REQUESTS } from "./bad-requests.ts";
import type { Clients } from "./clients.ts";
import { GOOD_REQUESTS } from "./good-requests.ts";

/** How many of each kind run at a time. */
const CONCURRENCY = { good: 6, bad: 3, abandoned: 16 };

/** For how long after a worker was killed its connections may be found cut. */
const CUT_MILLISECONDS = 2000;
const MOST_FAILURES_KEPT = 20;

export interface TrafficCounts {
  readonly good: number;
  readonly bad: number;
  readonly abandoned: number;
  /** Good and bad requests that were sent again, as a killed worker had cut their connection. */
  readonly resent: number;
  /** Good and bad requests that weren't answered as they must be; the first of them with what was wrong. */
  readonly failed: number;
  readonly failures: readonly string[];
}

/** Sends all kinds of requests at the same time until it is stopped. */
export class Traffic {
  readonly #clients: Clients;
  readonly #ports: Ports;
  readonly #loops: Promise<void>[];
  #running = true;
  #killed = Number.NEGATIVE_INFINITY;
  #good = 0;
  #bad = 0;
  #abandoned = 0;
  #resent = 0;
  #failed = 0;
  readonly #failures: string[] = [];

  constructor(clients: Clients, ports: Ports) {
    this.#clients = clients;
    this.#ports = ports;
    this.#loops = [
      ...this.#start(CONCURRENCY.good, GOOD_REQUESTS, async (name, send) => {
        await this.#answered(name, send);
        this.#good++;
      }),
      ...this.#start(CONCURRENCY.bad, BAD_REQUESTS, async (name, send) => {
        await this.#answered(name, send);
        this.#bad++;
      }),
      ...this.#start(CONCURRENCY.abandoned, ABANDONED_REQUESTS, async (_name, send) => {
        await send(this.#clients, this.#ports);
        this.#abandoned++;
      }),
    ];
  }

  get counts(): TrafficCounts {
    return {
      good: this.#good,
      bad: this.#bad,
      abandoned: this.#abandoned,
      resent: this.#resent,
      failed: this.#failed,
      failures: this.#failures,
    };
  }

  /** From now on some connections may be found cut. */
  workerKilled(): void {
    this.#killed = performance.now();
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#loops);
  }

  #start<Send>(
    count: number,
    kinds: Readonly<Record<string, Send>>,
    send: (name: string, kind: Send) => Promise<void>,
  ): Promise<void>[] {
    const all = Object.entries(kinds);
    return Array.from({ length: count }, async () => {
      while (this.#running) {
        const [name, kind] = all[Math.floor(Math.random() * all.length)]!;
        await send(name, kind);
      }
    });
  }

  async #answered(name: string, send: (clients: Clients) => Promise<void>): Promise<void> {
    for (;;) {
      const sent = performance.now();
      try {
        return await send(this.#clients);
      } catch (error) {
        if (isCut(error) && sent < this.#killed + CUT_MILLISECONDS) {
          this.#resent++;
          continue;
        }
        this.#failed++;
        if (this.#failures.length < MOST_FAILURES_KEPT) {
          this.#failures.push(`${name}: ${error instanceof Error ? error.message : error}`);
        }
        return;
      }
    }
  }
}

/** Whether a connection ended before the answer, which says nothing of what would have been the answer. */
function isCut(error: unknown): boolean {
  const { code } = error as { code?: unknown };
  return code === status.UNAVAILABLE || code === "ECONNRESET" || code === "EPIPE" || code === "ECONNREFUSED";
}
