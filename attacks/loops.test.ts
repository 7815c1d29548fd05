import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { type CallOptions, type ClientUnaryCall, status } from "@grpc/grpc-js";
import { Clients } from "../soak/clients.ts";
import { Serving } from "../soak/serving.ts";
import { DataType } from "../src/proto/gen/tensorflow/core/framework/types_pb.ts";
import { endure } from "./endure.ts";

// Requests that would keep a model's loop going for ever.

let serving: Serving;
let clients: Clients;
before(async () => {
  serving = await Serving.start(1, ["--rest_api_timeout_in_ms=5000", "--grpc_api_timeout_in_ms=8000"]);
  clients = new Clients(serving.grpcPort, serving.restPort);
});
after(async () => {
  clients.close();
  await serving.stop();
});

/** More than there are threads for long runs. */
const MANY = 24;

const endless = (options?: CallOptions, onCall?: (call: ClientUnaryCall) => void) =>
  clients.predict(
    {
      modelSpec: { name: "loops", signatureName: "values" },
      inputs: {
        x: {
          dtype: DataType.DT_FLOAT,
          tensorShape: { dim: [{ size: 1n }, { size: 3n }] },
          floatVal: [Number.POSITIVE_INFINITY, 1, 1],
        },
      },
    },
    options,
    onCall,
  );

/** Another request of the kind that runs elsewhere has its answer soon after. */
async function stillRuns(): Promise<void> {
  const body = '{"signature_name": "values", "inputs": [[8, 0, 0]]}';
  for (const end = performance.now() + 10_000; ; ) {
    const reply = await clients.post("/v1/models/loops:predict", body);
    if (reply.status === 200) return;
    assert.ok(performance.now() < end, reply.body);
  }
}

test("over REST they end with --rest_api_timeout_in_ms, within a session or in TypeScript", async () => {
  const bodies = [
    '{"signature_name": "values", "inputs": [[Infinity, 1, 1]]}',
    '{"signature_name": "host_random", "inputs": {"x": [[1, 2, 3]], "n": 2147483647}}',
  ];
  for (const body of bodies) {
    const replies = await endure(serving, () =>
      Promise.all(Array.from({ length: MANY }, () => clients.post("/v1/models/loops:predict", body))),
    );
    for (const reply of replies)
      assert.deepEqual([reply.status, reply.body.includes("Timed out")], [504, true]);
    await stillRuns();
  }
});

/** How many calls end with which code. */
async function codesOf(calls: readonly Promise<unknown>[]): Promise<readonly unknown[]> {
  const settled = await Promise.allSettled(calls);
  return settled.map((outcome) => (outcome.status === "rejected" ? outcome.reason.code : "answered"));
}

test("over gRPC they end with their deadline, or with --grpc_api_timeout_in_ms without one", async () => {
  for (const options of [() => ({ deadline: Date.now() + 500 }), () => ({})]) {
    const codes = await endure(serving, () =>
      codesOf(Array.from({ length: MANY }, () => endless(options()))),
    );
    assert.deepEqual(codes, Array(MANY).fill(status.DEADLINE_EXCEEDED));
    await stillRuns();
  }
});

test("they end when their client cancels them", async () => {
  const calls: ClientUnaryCall[] = [];
  const codes = await endure(serving, async () => {
    const ended = codesOf(Array.from({ length: MANY }, () => endless({}, (call) => calls.push(call))));
    await wait(300);
    for (const call of calls) call.cancel();
    return ended;
  });
  assert.deepEqual(codes, Array(MANY).fill(status.CANCELLED));
  await stillRuns();
});

test("they end in a batch, too, when none of its requests is waited for any more", async () => {
  const batching = await Serving.start(1, [
    "--noenable_per_model_batching_parameters",
    "--rest_api_timeout_in_ms=3000",
  ]);
  const others = new Clients(batching.grpcPort, batching.restPort);
  try {
    const body = '{"signature_name": "values", "inputs": [[Infinity, 1, 1]]}';
    const replies: Promise<{ readonly status: number }>[] = [];
    for (let i = 0; i < MANY; i++) {
      replies.push(others.post("/v1/models/loops:predict", body));
      // Those that come at the same time would be one batch.
      await wait(20);
    }
    for (const { status: code } of await Promise.all(replies)) assert.equal(code, 504);
    // The threads that run batches are all models'.
    const reply = await others.post("/v1/models/swapped:predict", '{"instances": [4]}');
    assert.equal(reply.status, 200, reply.body);
  } finally {
    others.close();
    await batching.stop();
  }
});
