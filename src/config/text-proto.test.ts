import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { ConfigProtoSchema } from "../proto/gen/tensorflow/core/protobuf/config_pb.ts";
import { ModelServerConfigSchema } from "../proto/gen/tensorflow_serving/config/model_server_config_pb.ts";
import { MonitoringConfigSchema } from "../proto/gen/tensorflow_serving/config/monitoring_config_pb.ts";
import { PlatformConfigMapSchema } from "../proto/gen/tensorflow_serving/config/platform_config_pb.ts";
import { SSLConfigSchema } from "../proto/gen/tensorflow_serving/config/ssl_config_pb.ts";
import { BatchingParametersSchema } from "../proto/gen/tensorflow_serving/servables/tensorflow/session_bundle_config_pb.ts";
import { Code } from "../status/status.ts";
import { readTextProto } from "./text-proto.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-config-"));
after(() => rmSync(folder, { recursive: true }));

/** Of each kind of config file. */
const SCHEMAS = [
  ModelServerConfigSchema,
  BatchingParametersSchema,
  MonitoringConfigSchema,
  SSLConfigSchema,
  ConfigProtoSchema,
  PlatformConfigMapSchema,
] as const;

const BAD: Readonly<Record<string, string | Uint8Array>> = {
  "bytes of any kind": Uint8Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256),
  zeros: new Uint8Array(100_000),
  "no UTF-8": Uint8Array.of(0xff, 0xfe, 0x80, 0x7b),
  "braces without end": "{".repeat(200_000),
  "messages within messages": "a { ".repeat(200_000),
  "lists within lists": `a: ${"[".repeat(200_000)}`,
  "an Any within an Any": "[type.googleapis.com/google.protobuf.Any] { ".repeat(50_000),
  "a string without end": `a: "${"x".repeat(100_000)}`,
  "a number of a million digits": `a: ${"9".repeat(1_000_000)}`,
  "escapes without end": `a: "${"\\x".repeat(100_000)}"`,
  JSON: '{"model_config_list": []}',
  "a field that isn't there": "no_such_field: 1",
};

for (const [name, content] of Object.entries(BAD)) {
  test(`a config file of ${name} is refused in time, with its name`, async () => {
    const path = join(folder, "file.config");
    writeFileSync(path, content);
    for (const schema of SCHEMAS) {
      const start = performance.now();
      await assert.rejects(readTextProto(schema, path), (error: { code: number; message: string }) => {
        assert.equal(error.code, Code.INVALID_ARGUMENT);
        assert.ok(error.message.startsWith(`Invalid protobuf file: '${path}': Error parsing text-format `));
        return true;
      });
      assert.ok(performance.now() - start < 5000);
    }
  });
}
