import { findLibrary } from "../engines/onnxruntime/library.ts";
import { formatBytes } from "../engines/tensorflow/install/bytes.ts";
import { installations } from "../engines/tensorflow/install/installed.ts";

/** Prints a line for each engine: its name, version, size and place, and which of several would be used. */
export function listEngines(): void {
  const rows = [["onnxruntime", "", "", findLibrary()]];
  const installed = installations();
  for (const [index, { version, bytes, library }] of installed.entries()) {
    const unused = index === 0 ? "" : "  (not used)";
    rows.push(["tensorflow", version, formatBytes(bytes), `${library}${unused}`]);
  }
  if (installed.length === 0) {
    rows.push(["tensorflow", "", "", "not installed: run 'servable engine install tensorflow'"]);
  }
  process.stdout.write(formatTable(rows));
}

function formatTable(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map(
      (row) =>
        `${row
          .map((cell, column) => cell.padEnd(widths[column]!))
          .join("  ")
          .trimEnd()}\n`,
    )
    .join("");
}
