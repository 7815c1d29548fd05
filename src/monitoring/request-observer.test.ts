import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { RunResult } from "../engines/engine.ts";
import type { ServableHandle, ServableLookup } from "../lifecycle/servable.ts";
import type { MetricName } from "../metrics/catalogue.ts";
import { MetricRegistry } from "../metrics/registry.ts";
import { Code, invalidArgument, notFound } from "../status/status.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { APIS } from "./api.ts";
import { RequestObserver } from "./request-observer.ts";

const tensor: Tensor = { dtype: "float32", shape: [3, 2], data: new Float32Array(6) };
const id = { name: "m", version: 7n };

function start(run: () => RunResult | Promise<RunResult> = () => ({ tensors: [tensor], dispose() {} })) {
  const registry = new MetricRegistry();
  const released: number[] = [];
  let acquired = 0;
  const lookup: ServableLookup = {
    acquire({ name }): ServableHandle {
      if (name !== "m") throw notFound(name);
      const number = acquired++;
      return {
        id,
        signatures: new Map(),
        run,
        signatureDefMap: () => new Uint8Array(0),
        release: () => released.push(number),
      };
    },
    status: () => undefined,
    names: () => ["m"],
  };
  const observer = new RequestObserver((series) => registry.add("thread", series));
  const values = (name: MetricName) =>
    Object.fromEntries(
      registry
        .collect([name])[0]!
        .series.map(({ labels, values: all }) => [
          labels.join(),
          all.length === 1 ? all[0]! : all.subarray(0, -1).reduce((a, b) => a + b, 0),
        ]),
    );
  const begin = (api = APIS.grpcPredict, model?: string) => observer.begin(lookup, api, 100, {}, model);
  return { begin, values, observer, registry, released };
}

describe("RequestObserver", () => {
  it("counts a request under its model, version, signature and API", () => {
    const { begin, values, released } = start();
    const request = begin();
    const handle = request.acquire({ name: "m" });
    handle.run("s", [tensor], ["y"]);
    assert.deepEqual(values("servable_requests_in_flight"), { "m,7,s,Predict,grpc": 1 });
    handle.release();
    request.succeed(50);
    assert.deepEqual(released, [0]);
    assert.deepEqual(values("servable_requests_in_flight"), { "m,7,s,Predict,grpc": 0 });
    assert.deepEqual(values("servable_requests_total"), { "m,7,s,Predict,grpc,OK": 1 });
    assert.deepEqual(values("servable_request_bytes_total"), { "m,7,s,Predict,grpc": 100 });
    assert.deepEqual(values("servable_response_bytes_total"), { "m,7,s,Predict,grpc": 50 });
    assert.deepEqual(values("servable_request_batch_size"), { "m,7,s,Predict,grpc": 1 });
    assert.deepEqual(values("servable_request_phase_seconds"), {
      "m,7,s,Predict,grpc,encode": 1,
      "m,7,s,Predict,grpc,parse": 1,
      "m,7,s,Predict,grpc,run": 1,
    });
    assert.deepEqual(values(":tensorflow:serving:request_count"), { "m,OK": 1 });
    assert.deepEqual(values(":tensorflow:serving:request_latency"), { "m,Predict,GRPC": 1 });
    assert.deepEqual(values(":tensorflow:serving:runtime_latency"), { "m,Predict,TF1": 1 });
    assert.deepEqual(values(":tensorflow:core:graph_runs"), { "": 1 });
    assert.deepEqual(values(":tensorflow:serving:request_example_count_total"), {});
  });

  it("gives each handle that is acquired its own release, as SessionRun needs", () => {
    const { begin, released } = start();
    const request = begin(APIS.grpcSessionRun);
    const [first, second] = [request.acquire({ name: "m" }), request.acquire({ name: "m" })];
    first.release();
    second.run("s", [tensor], ["y"]);
    second.release();
    request.succeed(1);
    assert.deepEqual(released, [0, 1]);
  });

  it("measures runs that end later, and what of them was waiting", async () => {
    const result = { tensors: [tensor], queuedMilliseconds: 20, dispose() {} };
    const { begin, registry } = start(() => new Promise((resolve) => setTimeout(resolve, 60, result)));
    const request = begin();
    await request.acquire({ name: "m" }).run("s", [tensor], ["y"]);
    request.succeed(1);
    const sums = Object.fromEntries(
      registry
        .collect(["servable_request_phase_seconds"])[0]!
        .series.map(({ labels, values }) => [labels.at(-1), values.at(-1)!]),
    );
    assert.equal(sums.queue, 0.02);
    assert.ok(sums.run! > 0.035 && sums.run! < 5, String(sums.run));
  });

  it("counts examples of what takes them, as TensorFlow Serving does", () => {
    const { begin, values } = start();
    for (const api of [APIS.restClassify, APIS.grpcRegress, APIS.grpcMultiInference]) {
      const request = begin(api);
      request.acquire({ name: "m" }).run("s", [tensor], ["y"]);
      request.succeed(1);
    }
    assert.deepEqual(values(":tensorflow:serving:request_example_count_total"), { m: 9 });
    assert.deepEqual(values(":tensorflow:serving:request_example_counts"), { m: 3 });
    // MultiInference isn't counted there, over REST the API is the path's word.
    assert.deepEqual(values(":tensorflow:serving:request_count"), { "m,OK": 2 });
    assert.deepEqual(values(":tensorflow:serving:request_latency"), {
      "m,Regress,GRPC": 1,
      "m,classify,REST": 1,
    });
  });

  it("counts batches, and requests that were logged", () => {
    const { values, observer } = start();
    const batches = observer.batches(id, "s");
    batches.queued(2);
    batches.queued(3);
    batches.started(3, 10, 6);
    batches.waited(1.5);
    batches.queued(1);
    assert.deepEqual(values("servable_batch_queue_depth"), { "m,7,s": 1 });
    assert.deepEqual(values("servable_batch_size"), { "m,7,s": 1 });
    assert.deepEqual(values("servable_batch_padding_rows_total"), { "m,7,s": 6 });
    assert.deepEqual(values(":tensorflow:serving:batching_session:wrapped_run_count"), { "": 1 });
    assert.deepEqual(values(":tensorflow:serving:batching_session:queuing_latency"), { batch_threads: 1 });
    observer.version(id).model.countLogged(Code.OK);
    assert.deepEqual(values(":tensorflow:serving:request_log_count"), { "m,OK": 1 });
  });

  it("counts failures by code, with as much as is known", () => {
    const { begin, values } = start(() => {
      throw invalidArgument("no");
    });
    const atRun = begin();
    assert.throws(() => atRun.acquire({ name: "m" }).run("s", [tensor], ["y"]));
    atRun.fail(invalidArgument("no"));
    const before = begin(APIS.restPredict, "m");
    before.fail(new Error("our own"));
    const nowhere = begin();
    assert.throws(() => nowhere.acquire({ name: "other" }));
    nowhere.fail(notFound("other"));
    assert.deepEqual(values("servable_requests_total"), {
      "m,,,Predict,rest,INTERNAL": 1,
      "m,7,s,Predict,grpc,INVALID_ARGUMENT": 1,
      "other,,,Predict,grpc,NOT_FOUND": 1,
    });
    assert.deepEqual(values(":tensorflow:serving:request_count"), {
      "m,INTERNAL": 1,
      "m,INVALID_ARGUMENT": 1,
      "other,NOT_FOUND": 1,
    });
    assert.deepEqual(values(":tensorflow:serving:request_latency"), {});
    assert.deepEqual(values("servable_requests_in_flight"), { "m,7,s,Predict,grpc": 0 });
  });

  it("gives names that clients make up no more than a hundred series", () => {
    const { begin, values } = start();
    for (let i = 0; i < 1000; i++) {
      const request = begin();
      assert.throws(() => request.acquire({ name: `x${i}` }));
      request.fail(notFound("x"));
    }
    const counts = values(":tensorflow:serving:request_count");
    assert.equal(Object.keys(counts).length, 101);
    assert.equal(counts["(other),NOT_FOUND"], 900);
    const request = begin();
    request.acquire({ name: "m" }).run("s", [tensor], ["y"]);
    request.succeed(1);
    assert.equal(values(":tensorflow:serving:request_count")["m,OK"], 1);
  });
});
