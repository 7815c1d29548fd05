import assert from "node:assert/strict";
import { test } from "node:test";
import { create } from "@bufbuild/protobuf";
import { SessionBundleConfigSchema } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { warmupSettings } from "./warmup-settings.ts";

const flags = { enable_model_warmup: true, num_request_iterations_for_warmup: 4 };

test("the flags say whether and how often warmup requests are asked", () => {
  assert.deepEqual(warmupSettings(flags, undefined), { warmsUp: true, warmupIterations: 4 });
});

test("a platform config takes the place of the flags, where it says nothing too", () => {
  const modelWarmupOptions = { numRequestIterations: 3 };
  const config = create(SessionBundleConfigSchema, { enableModelWarmup: true, modelWarmupOptions });
  assert.deepEqual(warmupSettings(flags, config), { warmsUp: true, warmupIterations: 3 });
  const silent = create(SessionBundleConfigSchema, {});
  assert.deepEqual(warmupSettings(flags, silent), { warmsUp: false, warmupIterations: 0 });
});
