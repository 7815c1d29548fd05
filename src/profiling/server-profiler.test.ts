import assert from "node:assert/strict";
import { test } from "node:test";
import { fromBinary } from "@bufbuild/protobuf";
import { XSpaceSchema } from "../proto/gen/tsl/profiler/protobuf/xplane_pb.ts";
import { Code } from "../status/status.ts";
import { ServerProfiler } from "./server-profiler.ts";

const request = { milliseconds: 20_000, session: "s", host: "here", mostEvents: 0 };

/** Threads that are watched until they are told to stop. */
function scripted() {
  const stopped = Promise.withResolvers<void>();
  return {
    watch: async () => {
      await stopped.promise;
      const span = { name: "/s/M", start: Date.now(), end: Date.now() + 1 };
      return [
        { thread: "w", start: Date.now(), end: Date.now() + 10, busy: 0, spans: [span], samples: undefined },
      ];
    },
    endWatch: () => stopped.resolve(),
  };
}

test("a profile has all threads, can be ended by its session, and keeps others from being made", async () => {
  const profiler = new ServerProfiler(scripted());
  const profile = profiler.profile(request);
  await assert.rejects(profiler.profile(request), {
    code: Code.ALREADY_EXISTS,
    message: "Another profiling session active.",
  });
  await assert.rejects(profiler.monitor({ milliseconds: 1, level: 1, timestamp: false }), {
    code: Code.ALREADY_EXISTS,
  });
  profiler.terminate("another");
  // The control thread's own sampler begins to run meanwhile.
  await new Promise((resolve) => setTimeout(resolve, 100));
  profiler.terminate("s");
  const { xspace, isEmpty } = await profile;
  assert.equal(isEmpty, false);
  const lines = fromBinary(XSpaceSchema, xspace).planes.flatMap((plane) =>
    plane.lines.map(({ name }) => name),
  );
  assert.equal(lines[0], "w: requests");
  assert.ok(lines.includes("control: functions"), lines.join());
});

test("the load is watched for as long as asked", async () => {
  const threads = scripted();
  threads.endWatch();
  const start = performance.now();
  const text = await new ServerProfiler(threads).monitor({ milliseconds: 200, level: 2, timestamp: true });
  assert.ok(performance.now() - start >= 190);
  assert.match(text, /^Timestamp: .*\nWatched: 0\.2 s\n/);
  assert.match(text, /^\/s\/M: /m);
});
