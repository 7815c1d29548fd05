/**
 * The program as `bin/servable serve` runs it, in a process that ends one of its request workers when the parent says so:
 * a thread can't be killed from outside.
 */
import type { Worker } from "node:worker_threads";

const workers = new Set<Worker>();

process.on("worker", (worker: Worker) => {
  if (worker.threadName !== "request") return;
  workers.add(worker);
  worker.once("exit", () => workers.delete(worker));
});

process.on("message", (message) => {
  if (message !== "kill a worker") return;
  const alive = [...workers];
  alive[Math.floor(Math.random() * alive.length)]?.terminate();
});

// The channel between the processes must not keep this one alive.
process.channel?.unref();
await import("../src/main.ts");
