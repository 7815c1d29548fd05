import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout as wait } from "node:timers/promises";
import { Turns } from "./turns.ts";

function keepBusy(milliseconds: number): void {
  for (const end = performance.now() + milliseconds; performance.now() < end; );
}

async function until(isDone: () => boolean): Promise<void> {
  while (!isDone()) await wait(5);
}

test("what comes when the thread isn't busy runs at once", () => {
  const turns = new Turns();
  let ran = 0;
  turns.run(turns, () => ran++);
  assert.equal(ran, 1);
});

test("of connections that have several requests waiting, each has one run in turn", async () => {
  const turns = new Turns();
  const ran: string[] = [];
  const [greedy, other] = [{}, {}];
  for (let i = 0; i < 10; i++) {
    turns.run(greedy, () => {
      ran.push(`greedy ${i}`);
      keepBusy(12);
    });
  }
  assert.deepEqual(ran, ["greedy 0"]);
  turns.run(other, () => ran.push("other 0"));
  turns.run(other, () => ran.push("other 1"));
  await until(() => ran.length === 12);
  assert.deepEqual(ran.slice(0, 5), ["greedy 0", "greedy 1", "other 0", "greedy 2", "other 1"]);
  assert.deepEqual(ran.slice(5), [
    "greedy 3",
    "greedy 4",
    "greedy 5",
    "greedy 6",
    "greedy 7",
    "greedy 8",
    "greedy 9",
  ]);
});

test("timers and sockets have their turns in between", async () => {
  const turns = new Turns();
  let ran = 0;
  for (let i = 0; i < 20; i++) {
    turns.run(turns, () => {
      ran++;
      keepBusy(15);
    });
  }
  let ranBefore = 0;
  setTimeout(() => {
    ranBefore = ran;
  }, 1);
  await until(() => ran === 20);
  assert.ok(ranBefore < 15, `${ranBefore} of 20 ran before a timer of 1 ms`);
});
