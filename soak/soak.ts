import { setTimeout as wait } from "node:timers/promises";
import { Clients } from "./clients.ts";
import { Serving } from "./serving.ts";
import { Traffic } from "./traffic.ts";
import type { Figures } from "./verdict.ts";
import { type Vitals, vitalsOf } from "./vitals.ts";

export interface SoakOptions {
  readonly seconds: number;
  readonly workers: number;
  /** Between one killed worker and the next. */
  readonly killSeconds: number;
  readonly serverFlags: readonly string[];
  /** Told of how it goes. */
  readonly report: (line: string) => void;
}

const REPORT_SECONDS = 10;
/** How long a server may take to close what clients left, before it is looked at. */
const QUIET_SECONDS = 5;
const WARM_UP_SECONDS = 5;

/**
 * Good, bad, cancelled and half-sent requests come at the same time, while versions are swapped, a model comes and goes and
 * workers are killed.
 * @throws Error if the server doesn't start, dies, or doesn't do what its folders and its config file say.
 */
export async function soak(options: SoakOptions): Promise<Figures> {
  const serving = await Serving.start(options.workers, options.serverFlags);
  try {
    return await soakServing(serving, options);
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(`${message}\nThe end of the server's log:\n${serving.log.slice(-5000)}`);
  } finally {
    await serving.stop();
  }
}

async function soakServing(serving: Serving, options: SoakOptions): Promise<Figures> {
  const since = performance.now();
  const ports = { grpc: serving.grpcPort, rest: serving.restPort };
  const during: Vitals[] = [];
  const done = { swaps: 0, visits: 0, kills: 0 };

  // What is loaded on first use must not count as leaked.
  await withTraffic(ports, async (traffic) => {
    await serving.swap();
    serving.killWorker();
    done.kills++;
    traffic.workerKilled();
    await wait(WARM_UP_SECONDS * 1000);
  });
  await wait(QUIET_SECONDS * 1000);
  const before = vitalsOf(serving.pid, since);

  const start = performance.now();
  const isOver = () => performance.now() - start > options.seconds * 1000;
  const repeat = async (seconds: number, act: () => Promise<void> | void) => {
    for (;;) {
      await wait(seconds * 1000);
      if (isOver()) return;
      await act();
    }
  };
  const counts = await withTraffic(ports, async (traffic) => {
    await Promise.all([
      repeat(0.5, async () => {
        await serving.swap();
        done.swaps++;
      }),
      repeat(3, async () => {
        await serving.setVisitor(done.visits % 2 === 0);
        done.visits++;
      }),
      repeat(options.killSeconds, () => {
        serving.killWorker();
        done.kills++;
        traffic.workerKilled();
      }),
      repeat(1, () => {
        if (serving.died !== undefined) throw new Error(`The server died: ${serving.died}`);
        during.push(vitalsOf(serving.pid, since));
        if (during.length % REPORT_SECONDS === 0) {
          options.report(progress(during.at(-1)!, traffic.counts.good, traffic.counts.failed, done));
        }
      }),
    ]);
    return traffic.counts;
  });

  await wait(QUIET_SECONDS * 1000);
  const after = vitalsOf(serving.pid, since);
  const clients = new Clients(ports.grpc, ports.rest);
  const page = (await clients.get("/metrics")).body;
  clients.close();
  return {
    counts,
    ...done,
    during,
    before,
    after,
    inFlight: sum(page, "servable_requests_in_flight"),
    queued: sum(page, "servable_batch_queue_depth"),
    restarts: sum(page, "servable_worker_restarts_total"),
    exit: await serving.stop(),
  };
}

/** Requests come until `act` has ended. */
async function withTraffic<T>(
  ports: { readonly grpc: number; readonly rest: number },
  act: (traffic: Traffic) => Promise<T>,
): Promise<T> {
  const clients = new Clients(ports.grpc, ports.rest);
  const traffic = new Traffic(clients, ports);
  try {
    return await act(traffic);
  } finally {
    await traffic.stop();
    clients.close();
  }
}

function progress(
  { seconds, memory, descriptors, threads }: Vitals,
  good: number,
  failed: number,
  done: { readonly swaps: number; readonly kills: number },
): string {
  const mebibytes = Math.round(memory / 2 ** 20);
  return (
    `${Math.round(seconds)} s: ${good} good requests, ${failed} failed, ${done.swaps} swaps, ${done.kills} workers killed, ` +
    `${mebibytes} MiB, ${descriptors} descriptors, ${threads} threads`
  );
}

/** Of all series of a metric. */
function sum(page: string, metric: string): number {
  return page
    .split("\n")
    .filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
    .reduce((total, line) => total + Number(line.slice(line.lastIndexOf(" "))), 0);
}
