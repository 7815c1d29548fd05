import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Serving } from "../soak/serving.ts";
import { frame } from "../src/listeners/http2/raw-frame-cases.ts";
import { endure } from "./endure.ts";
import {
  callFrames,
  callHeaders,
  END_HEADERS,
  END_STREAM,
  ENHANCE_YOUR_CALM,
  Frame,
  framed,
  PREDICT,
  RawConnection,
} from "./raw-http2.ts";

// What HTTP/2 lets a client do to a server. Limits on time are short here.

const SECOND = 1000;
let serving: Serving;
let port: number;
before(async () => {
  serving = await Serving.start(1, [
    "--header_timeout_seconds=1",
    "--request_timeout_seconds=2",
    "--unread_timeout_seconds=1",
    "--max_unread_response_bytes=50000000",
    "--grpc_channel_arguments=grpc.max_concurrent_streams=1000",
  ]);
  port = serving.grpcPort;
});
after(() => serving.stop());

/** Sends the same bytes again and again until the connection is closed; at most so many MB. */
async function flood(connection: RawConnection, bytes: Buffer, mebibytes = 40): Promise<void> {
  const block = Buffer.alloc(Math.max(1, Math.floor((256 << 10) / bytes.length)) * bytes.length, bytes);
  const rounds = Math.ceil((mebibytes << 20) / block.length);
  for (let i = 0; i < rounds && connection.goaway === undefined && !connection.isClosed; i++) {
    await connection.send(block);
  }
  await Promise.race([connection.closed, wait(5 * SECOND)]);
}

const CALL = callHeaders(PREDICT);
const open = (stream: number) => frame(Frame.HEADERS, END_HEADERS, stream, CALL);

const floods: Readonly<Record<string, { readonly first?: Buffer; readonly frame: Buffer }>> = {
  PING: { frame: frame(Frame.PING, 0, 0, Buffer.alloc(8)) },
  SETTINGS: { frame: frame(Frame.SETTINGS, 0, 0) },
  "SETTINGS that change all windows": { frame: frame(Frame.SETTINGS, 0, 0, Buffer.of(0, 4, 0, 0, 255, 255)) },
  PRIORITY: { frame: frame(Frame.PRIORITY, 0, 1, Buffer.alloc(5)) },
  WINDOW_UPDATE: { frame: frame(Frame.WINDOW_UPDATE, 0, 0, Buffer.of(0, 0, 0, 1)) },
  "frames of an unknown type": { frame: frame(0xbe, 0, 0) },
  "empty DATA": { first: open(1), frame: frame(Frame.DATA, 0, 1) },
  CONTINUATION: {
    first: frame(Frame.HEADERS, 0, 1, CALL),
    frame: frame(Frame.CONTINUATION, 0, 1, Buffer.of(0, 1, 97, 1, 97)),
  },
  "empty CONTINUATION": { first: frame(Frame.HEADERS, 0, 1, CALL), frame: frame(Frame.CONTINUATION, 0, 1) },
};
for (const [name, { first, frame: bytes }] of Object.entries(floods)) {
  test(`a flood of ${name} ends the connection`, async () => {
    const connection = await RawConnection.greeted(port);
    if (first !== undefined) await connection.send(first);
    await endure(serving, () => flood(connection, bytes), { mebibytes: 100 });
    assert.ok(connection.isClosed);
    // A client that doesn't read fast enough doesn't get to know why.
    assert.ok(connection.goaway === undefined || connection.goaway === ENHANCE_YOUR_CALM);
  });
}

test("rapid reset: a million calls that are reset at once end the connection", async () => {
  const connection = await RawConnection.greeted(port);
  await endure(
    serving,
    async () => {
      for (let id = 1; id < 2_000_000 && connection.goaway === undefined && !connection.isClosed; ) {
        const block: Buffer[] = [];
        for (const end = id + 4000; id < end; id += 2) {
          block.push(open(id), frame(Frame.RST_STREAM, 0, id, Buffer.of(0, 0, 0, 8)));
        }
        await connection.send(Buffer.concat(block));
      }
      await Promise.race([connection.closed, wait(5 * SECOND)]);
    },
    { mebibytes: 150 },
  );
  assert.ok(connection.isClosed);
  assert.equal(connection.goaway, ENHANCE_YOUR_CALM);
});

test("calls that break a rule, so that the server resets them, end the connection as well", async () => {
  const connection = await RawConnection.greeted(port);
  const broken = callHeaders(PREDICT, { connection: "close" });
  await endure(
    serving,
    async () => {
      for (let id = 1; id < 1_000_000 && connection.goaway === undefined && !connection.isClosed; ) {
        const block: Buffer[] = [];
        for (const end = id + 4000; id < end; id += 2)
          block.push(frame(Frame.HEADERS, END_HEADERS, id, broken));
        await connection.send(Buffer.concat(block));
      }
      await Promise.race([connection.closed, wait(5 * SECOND)]);
    },
    { mebibytes: 150 },
  );
  assert.ok(connection.isClosed);
  assert.equal(connection.goaway, ENHANCE_YOUR_CALM);
});

test("more calls at a time than are allowed are refused, and cost nothing", async () => {
  const connection = await RawConnection.greeted(port);
  const calls = Buffer.concat(Array.from({ length: 50_000 }, (_, i) => open(2 * i + 1)));
  await endure(
    serving,
    async () => {
      await connection.send(calls);
      await wait(500);
    },
    { mebibytes: 60 },
  );
  const refused = connection.frames.filter(
    ({ type, payload }) => type === Frame.RST_STREAM && payload.at(-1) === 7,
  );
  assert.equal(refused.length, 49_000);
  connection.destroy();
});

test("headers beyond the limit are a 431; what a table makes of few bytes counts", async () => {
  const connection = await RawConnection.greeted(port);
  // One field of 4000 bytes that goes into the table, and then is referred to 15,000 times a call.
  const large = Buffer.concat([CALL, Buffer.of(0x40, 1, 120, 127, 0xa1, 0x1e), Buffer.alloc(4000, "a")]);
  const bomb = Buffer.concat([CALL, Buffer.alloc(15_000, 0xbe)]);
  const calls = Array.from({ length: 200 }, (_, i) =>
    frame(Frame.HEADERS, END_HEADERS | END_STREAM, 2 * i + 3, bomb),
  );
  await endure(
    serving,
    async () => {
      await connection.send(Buffer.concat([frame(Frame.HEADERS, END_HEADERS, 1, large), ...calls]));
      await wait(SECOND);
    },
    { mebibytes: 60 },
  );
  const answers = connection.frames.filter(
    ({ type, payload }) => type === Frame.HEADERS && payload.includes("431"),
  );
  assert.equal(answers.length, 200);
  connection.destroy();
});

test("a client that reads no answers is read no further, and let go", async () => {
  const connection = await RawConnection.greeted(port);
  connection.stopReading();
  const refused = callHeaders("/no.such.Service/Method");
  let sent = 0;
  await endure(
    serving,
    async () => {
      for (let id = 1, taken = true; taken && !connection.isClosed && id < 2_000_000; ) {
        const block: Buffer[] = [];
        for (const end = id + 4000; id < end; id += 2) {
          block.push(frame(Frame.HEADERS, END_HEADERS | END_STREAM, id, refused));
        }
        taken = await connection.send(Buffer.concat(block), 5 * SECOND);
        sent = id / 2;
      }
    },
    { mebibytes: 60 },
  );
  assert.ok(sent < 500_000, `${sent} calls were taken`);
  // Its end is found out by writing.
  assert.equal(await connection.send(Buffer.alloc(1 << 20), 5 * SECOND), false);
});

/** A Predict of half_plus_two for one row of so many floats. */
function predictOf(floats: number): Buffer {
  const varint = (value: number): number[] =>
    value < 128 ? [value] : [(value & 127) | 128, ...varint(value >> 7)];
  const field = (number: number, ...content: readonly Uint8Array[]) => {
    const bytes = Buffer.concat(content);
    return Buffer.concat([Buffer.of(number * 8 + 2, ...varint(bytes.length)), bytes]);
  };
  const shape = field(2, field(2, Buffer.of(8, 1)), field(2, Buffer.of(8, ...varint(floats))));
  const tensor = field(2, Buffer.of(8, 1), shape, field(5, Buffer.alloc(4)));
  return framed(
    Buffer.concat([field(1, field(1, Buffer.from("swapped"))), field(2, field(1, Buffer.from("x")), tensor)]),
  );
}

/** SETTINGS_INITIAL_WINDOW_SIZE of 0. */
const NO_WINDOW = Buffer.of(0, 4, 0, 0, 0, 0);

test("answers that a client has no window for are bounded, and so is the time that they wait", async () => {
  const connection = await RawConnection.greeted(port, NO_WINDOW);
  const calls = Array.from({ length: 60 }, (_, i) => callFrames(2 * i + 1, CALL, predictOf(500_000)));
  await endure(
    serving,
    async () => {
      await connection.send(Buffer.concat(calls));
      await Promise.race([connection.closed, wait(8 * SECOND)]);
    },
    { mebibytes: 600 },
  );
  assert.ok(connection.isClosed, "let go after a second without progress");
  // 2 MB and a little each: 24 fit.
  const refused = connection.frames.filter(({ payload }) =>
    payload.includes("on this connection were not read"),
  );
  assert.equal(refused.length, 36);
});

test("windows that overflow, of a stream and of the connection, end it", async () => {
  for (const stream of [0, 1]) {
    const connection = await RawConnection.greeted(port, NO_WINDOW);
    await connection.send(callFrames(1, CALL, predictOf(100_000)));
    const most = frame(Frame.WINDOW_UPDATE, 0, stream, Buffer.of(0x7f, 255, 255, 255));
    await endure(serving, async () => {
      await connection.send(Buffer.concat([most, most]));
      await Promise.race([connection.closed, wait(5 * SECOND)]);
    });
    assert.equal(connection.goaway, 3);
  }
});

test("a client that doesn't begin, or stops in the preface, is let go", async () => {
  for (const first of [[], [Buffer.from("PRI * HT")]]) {
    const connection = await RawConnection.open(port, ...first);
    const start = performance.now();
    await endure(serving, () => Promise.race([connection.closed, wait(8 * SECOND)]));
    assert.ok(connection.isClosed);
    assert.ok(performance.now() - start > 0.7 * SECOND);
  }
});

test("a call whose message doesn't come is ended, though its client has set no deadline", async () => {
  const connection = await RawConnection.greeted(port);
  await endure(serving, async () => {
    await connection.send(Buffer.concat([open(1), frame(Frame.DATA, 0, 1, predictOf(10).subarray(0, 10))]));
    for (
      const end = performance.now() + 8 * SECOND;
      connection.status === undefined && performance.now() < end;
    ) {
      await connection.send(frame(Frame.DATA, 0, 1, Buffer.of(0)));
      await wait(300);
    }
  });
  assert.deepEqual(connection.status, { code: 4, text: "Deadline Exceeded" });
  assert.ok(!connection.isClosed, "its other calls go on");
  connection.destroy();
});

test("connections beyond the limit take the places of those that aren't in use", async () => {
  const small = await Serving.start(1, ["--max_connections=20"]);
  try {
    const idle = await endure(small, async () => {
      const connections: RawConnection[] = [];
      for (let i = 0; i < 300; i++) connections.push(await RawConnection.greeted(small.grpcPort));
      await wait(300);
      return connections;
    });
    const left = idle.filter(({ isClosed }) => !isClosed);
    assert.ok(left.length <= 20, `${left.length} are left`);
    for (const connection of idle) if (connection.isClosed) assert.equal(connection.goaway, 0);
    for (const connection of idle) connection.destroy();
  } finally {
    await small.stop();
  }
});
