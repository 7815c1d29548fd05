import assert from "node:assert/strict";
import { createServer, type IncomingMessage } from "node:http";
import type { Socket } from "node:net";
import { type Duplex, duplexPair } from "node:stream";
import { Deadlines } from "../../src/listeners/deadlines.ts";
import { Http1Connection } from "../../src/listeners/http1/connection.ts";
import { DEFAULT_LISTENER_LIMITS } from "../../src/listeners/listener-limits.ts";
import { Turns } from "../../src/listeners/turns.ts";
import { MessageMemory } from "../../src/protocols/message-memory.ts";
import type { FuzzTarget } from "../target.ts";

/** A request as a server has understood it. */
interface Understood {
  readonly method: string;
  readonly target: string;
  readonly host: string | undefined;
  readonly body: string;
}

const POST = "POST /v1/models/m:predict HTTP/1.1\r\nHost: h\r\n";
const seeds = [
  `${POST}Content-Length: 5\r\nContent-Type: a/b\r\n\r\nabcdeGET /v1/models HTTP/1.1\r\n\r\n`,
  `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3;x=y\r\ncde\r\n0\r\nT: u\r\n\r\nGET /b HTTP/1.0\r\n\r\n`,
  `\r\n${POST}Connection: close\r\nContent-Length: 0\r\n\r\n`,
  `${POST}Expect: 100-continue\r\nX: \t y\xff \r\nX: z\r\nContent-Length: 3\r\n\r\nabc`,
].map((text) => Buffer.from(text, "latin1"));

/** Lets streams hand on what they have. */
async function settle(): Promise<void> {
  for (let i = 0; i < 8; i++) await new Promise((resolve) => setImmediate(resolve));
}

/** What comes out of a server that is given `input` in pieces of a size. */
async function feed(serve: (end: Duplex) => void, input: Uint8Array, size: number): Promise<void> {
  const [client, server] = duplexPair();
  client.on("error", () => {}).resume();
  server.on("error", () => {});
  serve(server);
  for (let at = 0; at < input.length && !client.destroyed; at += size) {
    client.write(Buffer.from(input.subarray(at, at + size)));
  }
  await settle();
  client.destroy();
  server.destroy();
}

async function understood(input: Uint8Array, size: number): Promise<Understood[]> {
  const requests: Understood[] = [];
  const failures: unknown[] = [];
  const serve = (end: Duplex) =>
    new Http1Connection(end as unknown as Socket, {
      handler: ({ method, target, headers, body }) => {
        requests.push({ method, target, host: headers.host, body: Buffer.from(body).toString("hex") });
        return { status: 200, headers: {}, body: "" };
      },
      timeoutMilliseconds: 0,
      maxBodyBytes: 1 << 20,
      limits: DEFAULT_LISTENER_LIMITS,
      errorHeaders: {},
      onFailure: (error) => failures.push(error),
      onBuffer() {},
      turns: new Turns(),
      deadlines: new Deadlines(),
      memory: new MessageMemory(),
    });
  await feed(serve, input, size);
  if (failures.length > 0) throw failures[0];
  return requests;
}

/** The same by Node's server; `refusal` is why it has taken no more. */
async function understoodByNode(
  input: Uint8Array,
): Promise<{ requests: Understood[]; refusal: string | undefined }> {
  const requests: Understood[] = [];
  let refusal: string | undefined;
  const server = createServer({ requireHostHeader: false, maxHeaderSize: 64 << 10 });
  const take = (request: IncomingMessage) => {
    const { method = "", url = "", headers } = request;
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk)).on("error", () => {});
    request.on("end", () =>
      requests.push({ method, target: url, host: headers.host, body: Buffer.concat(chunks).toString("hex") }),
    );
  };
  const answer = (request: IncomingMessage, response: { end(): void }) => {
    take(request);
    request.on("end", () => response.end());
  };
  server.on("request", answer).on("checkContinue", answer);
  // The connection is left open, or requests before the bad one would be cut off too.
  server.on("clientError", (error: NodeJS.ErrnoException) => {
    refusal ??= error.code;
  });
  await feed((end) => server.emit("connection", end), input, input.length || 1);
  return { requests, refusal };
}

/**
 * Requests are the same in whatever pieces they come, and none is seen where Node's server sees none: a client behind a proxy
 * must not get one past it.
 */
const requests: FuzzTarget = {
  name: "http1: requests",
  seeds,
  async run(input) {
    const whole = await understood(input, input.length || 1);
    assert.deepEqual(await understood(input, 3), whole);
    const { requests, refusal } = await understoodByNode(input);
    // Node knows certain methods only; any name may be one, and is refused further on. It takes some that are refused here.
    const least = refusal === "HPE_INVALID_METHOD" ? Math.min(requests.length, whole.length) : whole.length;
    assert.deepEqual(whole.slice(0, least), requests.slice(0, least), `Node: ${refusal}`);
  },
};

export const http1Targets: readonly FuzzTarget[] = [requests];
