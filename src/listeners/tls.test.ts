import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import https from "node:https";
import net from "node:net";
import test, { type TestContext } from "node:test";
import tls from "node:tls";
import grpc from "@grpc/grpc-js";
import type { TlsIdentity } from "../config/tls-identity.ts";
import { frameMessage } from "../protocols/grpc/framing.ts";
import { createRestListener } from "./http1.ts";
import { createGrpcListener } from "./http2.ts";

// Clients are Node's own and @grpc/grpc-js; keys and certificates are made by openssl.

const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");
const authority = pem("authority.pem");

function identity(server: "server-1" | "server-2", verifiesClients = false): TlsIdentity {
  return {
    key: pem(`${server}.key`),
    certificate: pem(`${server}.pem`),
    authorities: verifiesClients ? authority : undefined,
    verifiesClients,
    ticketKeys: Buffer.alloc(48, 7),
  };
}

async function rest(t: TestContext, own: TlsIdentity) {
  const listener = createRestListener(({ target }) => ({ status: 200, headers: {}, body: target }));
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, own);
  t.after(() => listener.close(0));
  return { listener, port };
}

/** The body, and the name in the server's certificate. */
function get(port: number, options: https.RequestOptions = {}): Promise<[string, string]> {
  return new Promise((resolve, reject) => {
    const request = https.get(
      { port, host: "localhost", path: "/x", ca: authority, ...options },
      (response) => {
        const name = String((response.socket as tls.TLSSocket).getPeerCertificate().subject?.CN);
        let text = "";
        response.on("data", (chunk) => {
          text += chunk;
        });
        response.on("end", () => resolve([text, name]));
      },
    );
    request.on("error", reject);
  });
}

test("REST over TLS", async (t) => {
  const { port } = await rest(t, identity("server-1"));
  assert.deepEqual(await get(port, { agent: false }), ["/x", "server 1"]);
  await assert.rejects(get(port, { agent: false, ca: [] }), /certificate/);
});

test("what isn't TLS is let go, and does no harm", async (t) => {
  const { port } = await rest(t, identity("server-1"));
  for (const bytes of ["GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01\x00\x05hello", Buffer.alloc(1000, 255)]) {
    const received = await new Promise<string>((resolve) => {
      let text = "";
      const socket = net.connect(port, "127.0.0.1", () => socket.write(bytes));
      socket.on("data", (chunk) => {
        text += chunk.toString("latin1");
      });
      socket.on("error", () => {});
      socket.on("close", () => resolve(text));
    });
    assert.doesNotMatch(received, /HTTP/);
  }
  assert.equal((await get(port, { agent: false }))[0], "/x");
});

test("a renewed certificate is for new connections, and drops none", async (t) => {
  const { listener, port } = await rest(t, identity("server-1"));
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  t.after(() => agent.destroy());
  const sockets = new Set<net.Socket>();
  agent.on("free", (socket: net.Socket) => sockets.add(socket));
  assert.equal((await get(port, { agent }))[1], "server 1");
  listener.renew(identity("server-2"));
  assert.equal((await get(port, { agent }))[1], "server 1");
  assert.equal(sockets.size, 1);
  assert.equal((await get(port, { agent: false }))[1], "server 2");
});

test("a session goes on with any thread, since they share the keys of tickets", async (t) => {
  const [first, second] = [await rest(t, identity("server-1")), await rest(t, identity("server-1"))];
  const connect = (port: number, session?: Buffer) =>
    new Promise<{ reused: boolean; session: Buffer }>((resolve, reject) => {
      const options = { port, host: "localhost", ca: authority, session, maxVersion: "TLSv1.2" } as const;
      const socket = tls.connect(options, () => {
        resolve({ reused: socket.isSessionReused(), session: socket.getSession()! });
        socket.destroy();
      });
      socket.on("error", reject);
    });
  const { session } = await connect(first.port);
  assert.equal((await connect(second.port, session)).reused, true);
});

test("clients must have a certificate where they are verified", async (t) => {
  const { port } = await rest(t, identity("server-1", true));
  const own = { key: pem("client.key"), cert: pem("client.pem"), agent: false } as const;
  assert.deepEqual(await get(port, own), ["/x", "server 1"]);
  await assert.rejects(get(port, { agent: false }), /certificate required|ECONNRESET|socket hang up/);
});

async function grpcServer(t: TestContext, own: TlsIdentity) {
  const listener = createGrpcListener(new Map([["/t/Echo", (message: Uint8Array) => frameMessage(message)]]));
  const { port } = await listener.listen({ host: "127.0.0.1", port: 0 }, own);
  t.after(() => listener.close(0));
  const call = (credentials: grpc.ChannelCredentials, message: Buffer): Promise<Buffer> => {
    // Without subchannels of its own a client would go on using another's connection.
    const client = new grpc.Client(`localhost:${port}`, credentials, {
      "grpc.use_local_subchannel_pool": 1,
      "grpc.max_receive_message_length": -1,
    });
    const same = (bytes: Buffer) => bytes;
    return new Promise<Buffer>((resolve, reject) => {
      const deadline = Date.now() + 5000;
      client.makeUnaryRequest("/t/Echo", same, same, message, { deadline }, (error, answer) => {
        client.close();
        if (error) reject(error);
        else resolve(answer!);
      });
    });
  };
  return { listener, port, call };
}

test("gRPC over TLS, small and large", async (t) => {
  const { call, port } = await grpcServer(t, identity("server-1"));
  const credentials = grpc.credentials.createSsl(Buffer.from(authority));
  for (const message of [Buffer.from("small"), Buffer.alloc(5_000_000, "large")]) {
    assert.deepEqual(await call(credentials, message), message);
  }
  await assert.rejects(call(grpc.credentials.createSsl(), Buffer.of(1)), { code: grpc.status.UNAVAILABLE });
  await assert.rejects(call(grpc.credentials.createInsecure(), Buffer.of(1)));
  const protocols = await new Promise((resolve, reject) => {
    const socket = tls.connect({ port, host: "localhost", ca: authority, ALPNProtocols: ["h2", "x"] }, () => {
      resolve(socket.alpnProtocol);
      socket.destroy();
    });
    socket.on("error", reject);
  });
  assert.equal(protocols, "h2");
});

test("gRPC verifies clients, also after a renewal", async (t) => {
  const { call, listener } = await grpcServer(t, identity("server-1", true));
  const mutual = grpc.credentials.createSsl(
    Buffer.from(authority),
    Buffer.from(pem("client.key")),
    Buffer.from(pem("client.pem")),
  );
  const anonymous = grpc.credentials.createSsl(Buffer.from(authority));
  for (const renewal of [undefined, identity("server-2", true)]) {
    if (renewal !== undefined) listener.renew(renewal);
    assert.deepEqual(await call(mutual, Buffer.from("known")), Buffer.from("known"));
    await assert.rejects(call(anonymous, Buffer.from("unknown")));
  }
});

test("closing doesn't wait for handshakes that never end", async (t) => {
  const { listener, port } = await rest(t, identity("server-1"));
  const socket = net.connect(port, "127.0.0.1");
  socket.on("error", () => {});
  await new Promise((resolve) => socket.once("connect", resolve));
  await new Promise((resolve) => setTimeout(resolve, 20));
  const begin = performance.now();
  await listener.close(50);
  assert.ok(performance.now() - begin < 2000);
});
