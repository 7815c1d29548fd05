import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import http from "node:http";
import net from "node:net";
import test, { type TestContext } from "node:test";
import { promisify } from "node:util";
import type { HttpHandler, HttpRequest } from "../protocols/unary.ts";
import { notFound } from "../status/status.ts";
import { createRestListener, type RestListenerOptions } from "./http1.ts";
import { DEFAULT_LISTENER_LIMITS } from "./listener-limits.ts";

/** Answers with what it got. */
const echo: HttpHandler = ({ method, target, body }) => ({
  status: 200,
  headers: { "content-type": "application/json" },
  body: JSON.stringify({
    method,
    target,
    length: body.length,
    sum: body.reduce((sum, byte) => sum + byte, 0),
  }),
});

async function serve(t: TestContext, handler: HttpHandler, options: RestListenerOptions = {}) {
  const listener = createRestListener(handler, options);
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 });
  t.after(() => listener.close(0));
  return { listener, port, url: `http://127.0.0.1:${port}` };
}

/** Sends bytes, and gives what came until the server closed the connection or fell silent. */
function raw(
  port: number,
  bytes: string | Buffer,
  silenceMs = 300,
): Promise<{ text: string; closed: boolean }> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    const socket = net.connect(port, "127.0.0.1");
    const done = (closed: boolean) => {
      socket.destroy();
      resolve({ text: Buffer.concat(chunks).toString("latin1"), closed });
    };
    socket.setTimeout(silenceMs, () => done(false));
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.on("error", () => {});
    socket.on("close", () => done(true));
    socket.write(bytes);
  });
}

test("requests go in whole, responses come out with their length", async (t) => {
  const { url } = await serve(t, echo);
  const response = await fetch(`${url}/v1/x?y=%20`, {
    method: "POST",
    body: new Uint8Array(300_000).fill(1),
  });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "application/json");
  const text = await response.text();
  assert.equal(response.headers.get("content-length"), String(text.length));
  assert.deepEqual(JSON.parse(text), {
    method: "POST",
    target: "/v1/x?y=%20",
    length: 300_000,
    sum: 300_000,
  });
});

test("bodies in chunks and bytes, and from curl with Expect: 100-continue", async (t) => {
  const { url, port } = await serve(t, (request) =>
    request.body.length === 5 ? { status: 200, headers: {}, body: Buffer.from([0, 255]) } : echo(request),
  );
  const { text } = await raw(
    port,
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n",
  );
  assert.match(text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.ok(text.endsWith("\r\n\r\n\0\xff"), "a body of bytes, without a Host header in the request");
  const run = promisify(execFile);
  const big = "x".repeat(100_000);
  const { stdout } = await run("curl", ["-s", "-H", "Expect: 100-continue", "-d", big, `${url}/`]);
  assert.equal(JSON.parse(stdout).length, 100_000);
});

test("connections are kept, requests may be pipelined", async (t) => {
  const { port } = await serve(t, echo);
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const ports = new Set<number | undefined>();
  for (let i = 0; i < 3; i++) {
    await new Promise<void>((resolve, reject) => {
      const request = http.get({ port, agent, path: "/" }, (response) => {
        ports.add(request.socket?.localPort);
        response.resume().on("end", resolve);
      });
      request.on("error", reject);
    });
  }
  assert.equal(ports.size, 1);
  const { text } = await raw(port, "GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\n");
  assert.deepEqual(
    [...text.matchAll(/"target":"(..)"/g)].map((match) => match[1]),
    ["/a", "/b"],
  );
});

test("requests are answered in their order, one at a time, whenever their answers are ready and in whatever pieces they come", async (t) => {
  let running = 0;
  const { port } = await serve(t, async (request) => {
    assert.equal(++running, 1);
    await new Promise((resolve) => setTimeout(resolve, request.target === "/a" ? 30 : 1));
    running--;
    return echo(request);
  });
  const requests =
    "\r\n\r\nPOST /a HTTP/1.1\r\nContent-Length: 3\r\n\r\nabc" +
    "POST /b HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n" +
    "GET /c HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /d HTTP/1.1\r\nConnection: close\r\n\r\nGET /e HTTP/1.1\r\n\r\n";
  const expected = ["/a:3", "/b:2", "/c:0", "/d:0"];
  const seen = (text: string) =>
    [...text.matchAll(/"target":"(..)","length":(\d)/g)].map(([, target, length]) => `${target}:${length}`);
  const whole = await raw(port, requests);
  assert.deepEqual([seen(whole.text), whole.closed], [expected, true]);
  const socket = net.connect(port, "127.0.0.1").setNoDelay();
  const closed = new Promise((resolve) => socket.once("close", resolve));
  socket.on("error", () => {});
  let text = "";
  socket.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  for (const byte of requests) {
    socket.write(byte);
    await new Promise((resolve) => setImmediate(resolve));
  }
  await closed;
  assert.deepEqual(seen(text), expected);
});

test("a client that has closed its end gets the answer to what it asked", async (t) => {
  const { port } = await serve(t, async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 30));
    return echo(request);
  });
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true });
  socket.end("GET /x HTTP/1.1\r\n\r\n");
  let text = "";
  for await (const chunk of socket) text += chunk;
  assert.match(text, /connection: close.*"target":"\/x"/is);
});

test("a body is asked for where the client waits for that, and nothing else can be expected", async (t) => {
  const { port } = await serve(t, echo, { maxBodyBytes: 10 });
  const ask = (headers: string, body = "") => raw(port, `POST / HTTP/1.1\r\n${headers}\r\n\r\n${body}`);
  const expects = "Expect: 100-continue\r\nContent-Length: 3";
  assert.equal((await ask(expects)).text, "HTTP/1.1 100 Continue\r\n\r\n");
  assert.match((await ask(expects, "abc")).text, /^HTTP\/1\.1 200 OK\r\n/);
  assert.match(
    (await ask("Expect: a miracle\r\nContent-Length: 3")).text,
    /^HTTP\/1\.1 417 Expectation Failed\r\n/,
  );
});

test("what the handler answers with can't end its header", async (t) => {
  const failures: unknown[] = [];
  const { port } = await serve(t, () => ({ status: 200, headers: { x: "a\r\nb: c" }, body: "" }), {
    onFailure: (error) => failures.push(error),
  });
  const { text, closed } = await raw(port, "GET / HTTP/1.1\r\n\r\n");
  assert.deepEqual([text, closed, failures.length], ["", true, 1]);
});

test("a head may be as long as it may, in whatever pieces it comes, and what comes behind it waits", async (t) => {
  const limits = { ...DEFAULT_LISTENER_LIMITS, maxHeaderBytes: 1 << 20 };
  const { port } = await serve(
    t,
    (request) => new Promise((resolve) => setTimeout(() => resolve(echo(request)), 20)),
    { limits },
  );
  const head = `GET /long HTTP/1.1\r\nX: ${"y".repeat(600_000)}\r\n\r\n`;
  const body = `POST /body HTTP/1.1\r\nContent-Length: 600000\r\nConnection: close\r\n\r\n${"z".repeat(600_000)}`;
  const { text, closed } = await raw(port, head + body, 3000);
  assert.match(text, /"target":"\/long".*"target":"\/body","length":600000/s);
  assert.ok(closed);
});

test("HEAD has no body, HTTP/1.0 and unknown upgrades are served", async (t) => {
  const { port } = await serve(t, echo);
  const head = await raw(port, "HEAD / HTTP/1.1\r\n\r\n");
  assert.match(head.text, /content-length: [1-9]/);
  assert.ok(head.text.endsWith("\r\n\r\n"));
  const old = await raw(port, "GET / HTTP/1.0\r\n\r\n");
  assert.match(old.text, /"method":"GET"/);
  assert.ok(old.closed);
  const upgrade = await raw(port, "GET /u HTTP/1.1\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n");
  assert.match(upgrade.text, /"target":"\/u"/);
});

test("a body over the limit is a 413, declared or not", async (t) => {
  const seen: HttpRequest[] = [];
  const { url, port } = await serve(
    t,
    (request) => {
      seen.push(request);
      return echo(request);
    },
    { maxBodyBytes: 10 },
  );
  const fits = await fetch(url, { method: "POST", body: "x".repeat(10) });
  assert.equal(fits.status, 200);
  const expected = '{\n    "error": "Request body is larger than 10 bytes"\n}';
  const declared = await raw(port, `POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n${"x".repeat(11)}`);
  assert.match(declared.text, /^HTTP\/1\.1 413 Payload Too Large\r\n/);
  assert.ok(declared.text.endsWith(expected) && declared.closed);
  const waiting = await raw(
    port,
    "POST / HTTP/1.1\r\nContent-Length: 9999999999\r\nExpect: 100-continue\r\n\r\n",
  );
  assert.match(waiting.text, /^HTTP\/1\.1 413 /);
  const chunked = await raw(
    port,
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nxxxxxxxxxxx\r\n",
  );
  assert.match(chunked.text, /^HTTP\/1\.1 413 /);
  assert.equal(seen.length, 1);
});

test("what the handler throws is logged and a 500", async (t) => {
  const failures: unknown[] = [];
  const { url } = await serve(
    t,
    ({ target }) => {
      if (target === "/now") throw new TypeError("a bug");
      if (target === "/status") throw notFound("no such thing");
      return Promise.reject(new Error("a later bug"));
    },
    { onFailure: (error, target) => failures.push([target, (error as Error).message]) },
  );
  for (const [target, status, error] of [
    ["/now", 500, "a bug"],
    ["/later", 500, "a later bug"],
    ["/status", 404, "no such thing"],
  ] as const) {
    const response = await fetch(url + target);
    assert.equal(response.status, status);
    assert.deepEqual(await response.json(), { error });
  }
  assert.deepEqual(failures, [
    ["/now", "a bug"],
    ["/later", "a later bug"],
    ["/status", "no such thing"],
  ]);
});

test("a request is given up when its time is over or its client has gone, and not before", {
  timeout: 10_000,
}, async (t) => {
  let seen = Promise.withResolvers<HttpRequest>();
  const never: HttpHandler = (request) => {
    seen.resolve(request);
    return new Promise(() => {});
  };
  const told = ({ cancellation }: HttpRequest) =>
    new Promise<void>((resolve) => cancellation!.onCancel({ cancel: resolve }));

  const slow = await serve(t, never, { timeoutMilliseconds: 50 });
  const late = fetch(slow.url);
  const request = await seen.promise;
  assert.equal(request.cancellation!.isCancelled, false);
  await told(request);
  assert.equal((await late).status, 504);

  seen = Promise.withResolvers();
  const { port } = await serve(t, never);
  const client = http.get({ port, agent: false });
  client.on("error", () => {});
  const left = await seen.promise;
  client.destroy();
  await told(left);
});

test("an answer that takes too long is a 504", async (t) => {
  const slow = Promise.withResolvers<Awaited<ReturnType<HttpHandler>>>();
  const { url } = await serve(t, () => slow.promise, { timeoutMilliseconds: 30 });
  const response = await fetch(url);
  assert.equal(response.status, 504);
  assert.deepEqual(await response.json(), { error: "Timed out waiting for notification" });
  // The late answer has nowhere to go, and does no harm.
  slow.resolve({ status: 200, headers: {}, body: "late" });
  assert.equal(await (await fetch(url)).text(), "late");
});

test("with a timeout of 0 or less an answer may take as long as it takes", async (t) => {
  for (const timeoutMilliseconds of [0, -1]) {
    const { url } = await serve(
      t,
      () => new Promise((resolve) => setTimeout(resolve, 50, { status: 200, headers: {}, body: "late" })),
      { timeoutMilliseconds },
    );
    assert.equal(await (await fetch(url)).text(), "late");
  }
});

test("errors of the listener's own have the headers that it is told", async (t) => {
  const { url, port } = await serve(
    t,
    ({ target }) => (target === "/late" ? new Promise(() => {}) : Promise.reject(new Error("a bug"))),
    { timeoutMilliseconds: 30, maxBodyBytes: 10, errorHeaders: { "x-origin": "*" } },
  );
  for (const [target, status] of [
    ["/late", 504],
    ["/bug", 500],
  ] as const) {
    const response = await fetch(url + target);
    assert.deepEqual([response.status, response.headers.get("x-origin")], [status, "*"]);
  }
  assert.match((await raw(port, "POST / HTTP/1.1\r\nContent-Length: 11\r\n\r\n")).text, /x-origin: \*/);
});

test("garbage is refused, and the server goes on", async (t) => {
  const { url, port } = await serve(t, echo);
  const garbage: readonly (string | Buffer)[] = [
    "\r\n\r\n\0\0\0",
    "not http at all\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET /\x01 HTTP/1.1\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n",
    "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    `GET / HTTP/1.1\r\nX: ${"y".repeat(100_000)}\r\n\r\n`,
    "CONNECT host:1 HTTP/1.1\r\n\r\n",
    Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 7919) % 256)),
  ];
  for (const bytes of garbage) {
    const { text, closed } = await raw(port, bytes);
    assert.ok(text === "" || /^HTTP\/1\.1 4\d\d /.test(text), JSON.stringify(text.slice(0, 60)));
    assert.ok(closed || text === "", "refused for good");
  }
  const large = await raw(port, `GET / HTTP/1.1\r\nX: ${"y".repeat(100_000)}\r\n\r\n`);
  assert.match(large.text, /^HTTP\/1\.1 431 /);
  const bad = await raw(port, "not http at all\r\n\r\n");
  assert.match(
    bad.text,
    /^HTTP\/1\.1 400 Bad Request\r\ncontent-type: application\/json\r\n.*\r\n\r\n\{\n {4}"error": "Bad Request: /s,
  );
  assert.equal((await fetch(url)).status, 200);
});

test("a client that goes away in the middle does no harm", async (t) => {
  const { url, port } = await serve(t, async (request) => {
    await new Promise((resolve) => setTimeout(resolve, 20));
    return echo(request);
  });
  for (const bytes of ["POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\nabc", "GET / HTTP/1.1\r\n\r\n", "GE"]) {
    await new Promise<void>((resolve) => {
      const socket = net.connect(port, "127.0.0.1", () => {
        socket.write(bytes, () => socket.resetAndDestroy());
      });
      socket.on("close", () => resolve());
      socket.on("error", () => {});
    });
  }
  await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal((await fetch(url)).status, 200);
});

test("close lets the request finish and cuts what does not end", async (t) => {
  const gate = Promise.withResolvers<void>();
  const { listener, url, port } = await serve(t, async (request) => {
    if (request.target === "/hang") await new Promise(() => {});
    await gate.promise;
    return echo(request);
  });
  const idle = net.connect(port, "127.0.0.1");
  idle.on("error", () => {});
  const request = fetch(`${url}/slow`);
  const hanging = fetch(`${url}/hang`).catch(() => "cut");
  await new Promise((resolve) => setTimeout(resolve, 30));
  const closed = listener.close(300);
  await assert.rejects(fetch(url), "no new connections");
  gate.resolve();
  const response = await request;
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("connection"), "close");
  await response.text();
  await closed;
  assert.equal(await hanging, "cut");
});

test("an address that is taken is an error", async (t) => {
  const { port } = await serve(t, echo);
  await assert.rejects(createRestListener(echo).listen({ host: "127.0.0.1", port }), { code: "EADDRINUSE" });
});
