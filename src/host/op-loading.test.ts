import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { describe, it } from "node:test";
import { loadOps } from "./op-loading.ts";
import { hostOps, valueOps } from "./table.ts";

describe("loading ops by their names", () => {
  it("gives every op of the table, and none that isn't there", async () => {
    const all = { ...valueOps, ...hostOps };
    const loaded = await loadOps([...Object.keys(all), "MatMulInTheMoon"]);
    assert.deepEqual(Object.keys(loaded).sort(), Object.keys(all).sort());
    for (const [op, row] of Object.entries(all)) assert.equal(loaded[op], row, op);
  });

  it("loads no others", () => {
    const module = new URL("./op-loading.ts", import.meta.url);
    const script = `
      import { registerHooks } from "node:module";
      let count = 0;
      registerHooks({ load: (url, context, next) => { count++; return next(url, context); } });
      const { loadOps } = await import(${JSON.stringify(module.href)});
      await loadOps(["DecodeJpeg"]);
      console.log(count);
    `;
    const count = Number(execFileSync(process.execPath, ["--input-type=module", "-e", script]));
    assert.ok(count > 2 && count < 60, `${count} modules`);
  });
});
