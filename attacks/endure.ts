import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { Clients } from "../soak/clients.ts";
import type { Serving } from "../soak/serving.ts";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";

/** Main memory that the server's process has now, in MiB; undefined where the system doesn't say so in a file. */
function residentMebibytes(pid: number): number | undefined {
  const path = `/proc/${pid}/status`;
  if (!existsSync(path)) return undefined;
  const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(path, "utf8"));
  return found === null ? undefined : Number(found[1]) / 1024;
}

export interface Bounds {
  /** How much more memory the server may have in the meantime, in MiB. */
  readonly mebibytes: number;
  /** How long other requests may take, in milliseconds. */
  readonly slowest: number;
}

/** What an attack may cost others unless its test says more: this machine may be busy with other tests. */
const USUAL: Bounds = { mebibytes: 300, slowest: 5000 };

/**
 * Attacks a server while another client asks it, on the same worker: every request of that one, over REST and gRPC, must get
 * its answer in time, and the server's memory must stay within bounds.
 * @returns what the attack does.
 */
export async function endure<T>(
  serving: Serving,
  attack: () => Promise<T>,
  bounds: Partial<Bounds> = {},
): Promise<T> {
  const { mebibytes, slowest } = { ...USUAL, ...bounds };
  const bystander = new Clients(serving.grpcPort, serving.restPort);
  try {
    await askBoth(bystander);
    const before = residentMebibytes(serving.pid);
    let most = before ?? 0;
    let longest = 0;
    let attacking = true;
    const asking = (async () => {
      while (attacking) {
        const start = performance.now();
        await askBoth(bystander);
        longest = Math.max(longest, performance.now() - start);
        await wait(10);
      }
    })();
    const measuring = (async () => {
      while (attacking) {
        most = Math.max(most, residentMebibytes(serving.pid) ?? 0);
        await wait(10);
      }
    })();
    // A bystander that fails ends the test.
    const result = await Promise.race([attack(), asking.then(() => assert.fail("unreachable"))]).finally(
      () => {
        attacking = false;
      },
    );
    await Promise.all([asking, measuring]);
    await askBoth(bystander);
    assert.equal(serving.died, undefined);
    assert.ok(longest < slowest, `another client waited for ${Math.round(longest)} ms`);
    if (before !== undefined) {
      assert.ok(
        most - before < mebibytes,
        `memory grew from ${Math.round(before)} to ${Math.round(most)} MiB`,
      );
    }
    return result;
  } finally {
    bystander.close();
  }
}

async function askBoth(clients: Clients): Promise<void> {
  const rest = await clients.post("/v1/models/swapped:predict", '{"instances": [4]}');
  assert.equal(rest.status, 200, rest.body);
  const ask = () =>
    clients.predict({
      modelSpec: { name: "swapped" },
      inputs: { x: { dtype: DataType.DT_FLOAT, tensorShape: { dim: [{ size: 1n }] }, floatVal: [4] } },
    });
  // A call that crosses the end of its connection on the way is refused unseen, and gRPC's clients send it again.
  const { outputs } = await ask().catch((error: Error) => {
    if (error.message.includes("NGHTTP2_REFUSED_STREAM")) return ask();
    throw error;
  });
  assert.deepEqual(Object.values(outputs)[0]!.floatVal, [4]);
}
