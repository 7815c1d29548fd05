import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, describe, it } from "node:test";
import { BoundSocket } from "./bound-socket.ts";

function canConnect(port: number, host = "127.0.0.1"): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, host);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

function listen(fd: number): Promise<{ accepted: () => number; close: () => Promise<void> }> {
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    socket.on("error", () => {}).resume();
  });
  return new Promise((resolve) => {
    server.listen({ fd }, () =>
      resolve({ accepted: () => accepted, close: () => new Promise((done) => server.close(() => done())) }),
    );
  });
}

function canConnectTo(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}

describe("a unix socket", () => {
  const folder = mkdtempSync(join(tmpdir(), "servable-"));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it("is for owner and group, takes connections for several listeners, and goes at the end", async () => {
    const path = join(folder, "shared");
    const socket = await BoundSocket.openPath(path);
    assert.equal(statSync(path).mode & 0o777, 0o660);
    assert.equal(await canConnectTo(path), false);
    const first = await listen(socket.duplicate());
    const second = await listen(socket.duplicate());
    for (let i = 0; i < 10; i++) assert.equal(await canConnectTo(path), true);
    assert.equal(first.accepted() + second.accepted(), 10);
    await first.close();
    assert.equal(await canConnectTo(path), true, "a listener that ends leaves the file");
    await second.close();
    socket.close();
    assert.equal(existsSync(path), false);
  });

  it("takes the place of one that a dead server left, or that another serves", async () => {
    const path = join(folder, "left");
    const script = `require("net").createServer().listen(${JSON.stringify(path)}, () => process.kill(process.pid, 9))`;
    spawnSync(process.execPath, ["-e", script]);
    assert.ok(existsSync(path));
    const socket = await BoundSocket.openPath(path);
    const server = await listen(socket.duplicate());
    const heir = await BoundSocket.openPath(path);
    const next = await listen(heir.duplicate());
    assert.equal(await canConnectTo(path), true);
    assert.deepEqual([server.accepted(), next.accepted()], [0, 1]);
    await server.close();
    socket.close();
    assert.equal(await canConnectTo(path), true);
    await next.close();
    heir.close();
  });

  it("leaves the file of a server that has taken its place", async () => {
    const path = join(folder, "taken");
    const old = await BoundSocket.openPath(path);
    const next = await BoundSocket.openPath(path);
    old.close();
    assert.ok(existsSync(path));
    next.close();
    assert.equal(existsSync(path), false);
  });

  it("says what is wrong with a path", async () => {
    const file = join(folder, "file");
    writeFileSync(file, "text");
    await assert.rejects(BoundSocket.openPath(file), /there is a file that is no socket/);
    await assert.rejects(BoundSocket.openPath(join(folder, "no", "folder")), /is its folder there/);
    await assert.rejects(BoundSocket.openPath(join(folder, "x".repeat(120))), /has 1 to 10\d bytes/);
  });
});

describe("BoundSocket", () => {
  for (const host of ["127.0.0.1", "0.0.0.0", "localhost"]) {
    it(`takes a free port on ${host} and refuses connections until somebody listens`, async () => {
      const socket = await BoundSocket.open(host, 0);
      assert.ok(socket.port > 0);
      assert.equal(await canConnect(socket.port), false);
      const server = await listen(socket.duplicate());
      assert.equal(await canConnect(socket.port), true);
      await server.close();
      socket.close();
    });
  }

  it("lets several listeners take connections from one queue, also after one is gone", async () => {
    const socket = await BoundSocket.open("127.0.0.1", 0);
    const first = await listen(socket.duplicate());
    const second = await listen(socket.duplicate());
    for (let i = 0; i < 10; i++) assert.equal(await canConnect(socket.port), true);
    assert.equal(first.accepted() + second.accepted(), 10);
    await first.close();
    for (let i = 0; i < 5; i++) assert.equal(await canConnect(socket.port), true);
    await second.close();
    socket.close();
  });

  it("says which port is in use", async () => {
    const server = createServer();
    const port = await new Promise<number>((resolve) => {
      server.listen(0, "127.0.0.1", () => resolve((server.address() as { port: number }).port));
    });
    await assert.rejects(BoundSocket.open("127.0.0.1", port), {
      message: `Port ${port} on 127.0.0.1 is in use by another program`,
    });
    server.close();
  });

  it("says that an address isn't this machine's, or no address at all", async () => {
    await assert.rejects(BoundSocket.open("192.0.2.1", 0), /Can't listen on 192\.0\.2\.1:0/);
    await assert.rejects(BoundSocket.open("no such host", 0), /can't be resolved/);
  });
});
