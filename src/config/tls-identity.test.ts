import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, it } from "node:test";
import { Code } from "../status/status.ts";
import { readTlsIdentity } from "./tls-identity.ts";

const folder = mkdtempSync(join(tmpdir(), "servable-"));
after(() => rmSync(folder, { recursive: true, force: true }));
const pem = (name: string) => readFileSync(new URL(`../../fixtures/tls/${name}`, import.meta.url), "utf8");

/** Writes the fields as text, one that isn't a string as it is. */
function file(fields: Readonly<Record<string, string | boolean>>): string {
  const path = join(folder, "ssl.config");
  writeFileSync(
    path,
    Object.entries(fields)
      .map(([name, value]) => `${name}: ${JSON.stringify(value)}\n`)
      .join(""),
  );
  return path;
}

const own = { server_key: pem("server-1.key"), server_cert: pem("server-1.pem") };

it("reads TensorFlow Serving's SSLConfig", async () => {
  const identity = await readTlsIdentity(file(own));
  assert.equal(identity.key, own.server_key);
  assert.equal(identity.certificate, own.server_cert);
  assert.deepEqual([identity.authorities, identity.verifiesClients], [undefined, false]);
  assert.equal(identity.ticketKeys.length, 48);
  const mutual = await readTlsIdentity(
    file({ ...own, custom_ca: pem("authority.pem"), client_verify: true }),
  );
  assert.deepEqual([mutual.authorities, mutual.verifiesClients], [pem("authority.pem"), true]);
});

it("says what is wrong with a file", async () => {
  await assert.rejects(readTlsIdentity(join(folder, "none")), { code: Code.NOT_FOUND });
  await assert.rejects(
    readTlsIdentity(file({ server_key: own.server_key })),
    /must have a server_key and a server_cert/,
  );
  await assert.rejects(
    readTlsIdentity(file({ unknown: "x" })),
    /Error parsing text-format tensorflow.serving.SSLConfig/,
  );
  await assert.rejects(readTlsIdentity(file({ ...own, server_cert: "no PEM" })), /can't be used/);
  await assert.rejects(readTlsIdentity(file({ ...own, server_cert: pem("server-2.pem") })), {
    code: Code.INVALID_ARGUMENT,
    message: /can't be used: .*key values mismatch/,
  });
});
