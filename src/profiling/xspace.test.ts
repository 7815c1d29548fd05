import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { XSpaceSchema } from "../proto/gen/tsl/profiler/protobuf/xplane_pb.ts";
import { describeLoad } from "./describe-load.ts";
import type { ThreadProfile } from "./thread-profile.ts";
import { toXSpace } from "./xspace.ts";

const START = 1_700_000_000_000;

const worker: ThreadProfile = {
  thread: "request worker 0",
  start: START,
  end: START + 100,
  busy: 0.25,
  // The first two overlap; the last began before it was watched.
  spans: [
    { name: "/s/Predict", start: START + 10, end: START + 30 },
    { name: "/s/Predict", start: START + 20, end: START + 40 },
    { name: "GET /m", start: START + 50, end: START + 51 },
    { name: "/s/Late", start: START - 5, end: START + 5 },
  ],
  samples: {
    nodes: [
      { id: 1, callFrame: { functionName: "(root)", url: "", lineNumber: 0 }, children: [2] },
      { id: 2, callFrame: { functionName: "work", url: "", lineNumber: 0 } },
    ],
    startTime: 0,
    endTime: 3000,
    samples: [2, 1],
    timeDeltas: [1000, 2000],
  },
};

function decode(mostEvents?: number) {
  const space = fromBinary(XSpaceSchema, toXSpace([worker], "here", mostEvents));
  assert.deepEqual(space.hostnames, ["here"]);
  const [plane] = space.planes;
  assert.equal(plane?.name, "/host:CPU");
  return plane.lines.map((line) => ({
    name: line.name,
    timestamp: line.timestampNs,
    duration: line.durationPs,
    events: line.events.map(({ metadataId, data, durationPs }) => [
      plane.eventMetadata[String(metadataId)]?.name,
      data.value,
      durationPs,
    ]),
  }));
}

test("requests and functions are events of the host, requests that overlap on lines of their own", () => {
  const line = { timestamp: BigInt(START) * 1_000_000n, duration: 100_000_000_000n };
  assert.deepEqual(decode(), [
    {
      ...line,
      name: "request worker 0: requests",
      events: [
        ["/s/Late", 0n, 5_000_000_000n],
        ["/s/Predict", 10_000_000_000n, 20_000_000_000n],
        ["GET /m", 50_000_000_000n, 1_000_000_000n],
      ],
    },
    {
      ...line,
      name: "request worker 0: requests (2 at a time)",
      events: [["/s/Predict", 20_000_000_000n, 20_000_000_000n]],
    },
    { ...line, name: "request worker 0: functions", events: [["work", 1_000_000_000n, 2_000_000_000n]] },
  ]);
});

test("a line may be cut off", () => {
  assert.deepEqual(
    decode(1).map(({ events }) => events.length),
    [1, 1, 1],
  );
});

test("the load of the server is told in words", () => {
  const load = { time: undefined, seconds: 2, cores: 0.5, residentBytes: 100 * 2 ** 20, threads: [worker] };
  assert.equal(
    describeLoad({ ...load, byKind: false }),
    "Watched: 2.0 s\nCPU: 0.50 cores; memory: 100 MiB\nrequests: 2.0/s, p50 20.00 ms, p99 20.00 ms\n" +
      "request worker 0: busy 25 %\n",
  );
  assert.match(describeLoad({ ...load, byKind: true }), /^GET \/m: 0\.5\/s, p50 1\.00 ms, p99 1\.00 ms$/m);
  assert.match(describeLoad({ ...load, threads: [], byKind: false }), /^requests: 0\.0\/s$/m);
  assert.match(
    describeLoad({ ...load, time: new Date(0), byKind: false }),
    /^Timestamp: 1970-01-01T00:00:00\.000Z$/m,
  );
});
