import assert from "node:assert/strict";
import { test } from "node:test";
import { Code } from "../status/status.ts";
import { parseChannelArguments } from "./channel-arguments.ts";

test("what has an effect is taken, the rest is named", () => {
  assert.deepEqual(parseChannelArguments(""), { channel: {}, ignored: [] });
  assert.deepEqual(
    parseChannelArguments(
      "grpc.max_connection_age_ms=2000,grpc.max_concurrent_streams=7,grpc.http2.max_ping_strikes=0," +
        "grpc.max_receive_message_length=-1,grpc.max_connection_idle_ms=2147483647",
    ),
    {
      channel: { maxConnectionAgeMilliseconds: 2000, maxConcurrentStreams: 7 },
      ignored: ["grpc.http2.max_ping_strikes"],
    },
  );
});

test("what isn't of that form is refused", () => {
  const refused = (text: string, message: string) =>
    assert.throws(() => parseChannelArguments(text), { code: Code.INVALID_ARGUMENT, message });
  const form = "--grpc_channel_arguments takes name=value, separated by commas; got ";
  refused("grpc.max_connection_age_ms", `${form}"grpc.max_connection_age_ms"`);
  refused("=1", `${form}"=1"`);
  refused("a=b=c", `${form}"a=b=c"`);
  refused("grpc.max_connection_age_ms=soon", 'grpc.max_connection_age_ms takes a whole number, not "soon"');
});
