import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { ProgressReport } from "./progress-report.ts";
import { Speed } from "./speed.ts";

const MB = 1e6;

/** What is written, and a clock that moves when told. */
function terminal(isTTY: boolean, columns = 100) {
  const clock = { now: 0 };
  const written: string[] = [];
  const output = { isTTY, columns, write: (text: string) => written.push(text) };
  return { clock, written, report: new ProgressReport(output, () => clock.now) };
}

describe("ProgressReport", () => {
  it("keeps one line of a terminal up to date, with speed and time left", () => {
    const { clock, written, report } = terminal(true);
    for (const done of [0, 5, 10, 15]) {
      report.progress("Downloading", done * MB, 20 * MB);
      clock.now += 500;
    }
    report.progress("Downloading", 20 * MB, 20 * MB);
    report.end();
    assert.deepEqual(
      written.map((text) => text.trimEnd()),
      [
        "\rDownloading   0 %  0.0 MB of 20 MB",
        "\rDownloading  25 %  5.0 MB of 20 MB  10 MB/s  2 s left",
        "\rDownloading  50 %  10 MB of 20 MB  10 MB/s  1 s left",
        "\rDownloading  75 %  15 MB of 20 MB  10 MB/s  1 s left",
        "\rDownloading 100 %  20 MB of 20 MB",
        "",
      ],
    );
  });

  it("writes over what a longer line has left, and never wraps", () => {
    const { clock, written, report } = terminal(true, 40);
    report.progress("Downloading", 0, 20 * MB);
    clock.now = 500;
    report.progress("Downloading", 5 * MB, 20 * MB);
    clock.now = 1000;
    report.progress("Downloading", 20 * MB, 20 * MB);
    assert.deepEqual(
      written.map((text) => text.length - 1),
      [34, 39, 39],
    );
  });

  it("isn't busy with the terminal", () => {
    const { clock, written, report } = terminal(true);
    for (let i = 0; i < 1000; i++) {
      clock.now = i;
      report.progress("Unpacking", i, 10_000);
    }
    assert.ok(written.length <= 10, `${written.length} writes in a second`);
  });

  it("begins a line for each phase and each notice", () => {
    const { clock, written, report } = terminal(true);
    report.progress("Downloading", 1, 2);
    report.notice("Interrupted: too bad");
    report.progress("Downloading", 1, 2);
    clock.now = 200;
    report.progress("Verifying", 1, 2);
    const lines = written.join("").split("\n");
    assert.deepEqual(
      lines.map((line) => line.trim().split(" ")[0]),
      ["Downloading", "Interrupted:", "Downloading", "Verifying"],
    );
  });

  it("writes a line now and then where there is no terminal, and none for what is short", () => {
    const { clock, written, report } = terminal(false);
    for (let second = 0; second <= 12; second++) {
      clock.now = second * 1000;
      report.progress("Downloading", second * MB, 100 * MB);
    }
    report.progress("Verifying", 0, 100);
    report.progress("Verifying", 100, 100);
    report.end();
    assert.deepEqual(written, [
      "Downloading   5 %  5.0 MB of 100 MB  1.0 MB/s  1 min 35 s left\n",
      "Downloading  10 %  10 MB of 100 MB  1.0 MB/s  1 min 30 s left\n",
    ]);
  });
});

describe("Speed", () => {
  it("is that of the last seconds", () => {
    const speed = new Speed();
    assert.equal(speed.bytesPerSecond, undefined);
    for (let time = 0; time <= 10_000; time += 50) speed.add(time, time < 5000 ? 0 : (time - 5000) * 10);
    assert.equal(speed.bytesPerSecond, 10_000);
  });

  it("is zero where nothing comes", () => {
    const speed = new Speed();
    speed.add(0, 5);
    speed.add(1000, 5);
    assert.equal(speed.bytesPerSecond, 0);
  });
});
