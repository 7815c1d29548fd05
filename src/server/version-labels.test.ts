import assert from "node:assert/strict";
import { test } from "node:test";
import type { ModelConfig } from "../config/model-server-config.ts";
import { ModelState, type VersionStatus } from "../lifecycle/servable.ts";
import { Code } from "../status/status.ts";
import { versionLabelsOf } from "./version-labels.ts";

const ok = { code: Code.OK, message: "" } as const;
const known: readonly VersionStatus[] = [
  { version: 3n, state: ModelState.LOADING, status: ok },
  { version: 2n, state: ModelState.AVAILABLE, status: ok },
  { version: 1n, state: ModelState.END, status: ok },
];

const model = (...labels: [string, bigint][]): ModelConfig => ({
  name: "m",
  basePath: "/m",
  platform: "tensorflow",
  versionPolicy: { kind: "all" },
  versionLabels: new Map(labels),
});

const labelled = (...labels: [string, bigint][]) => new Map([["m", new Map(labels)]]);
const status = (name: string) => (name === "m" ? known : undefined);

function refused(
  label: [string, bigint],
  current = new Map<string, Map<string, bigint>>(),
  allow = false,
): void {
  assert.throws(() => versionLabelsOf([model(label)], current, status, allow), {
    code: Code.FAILED_PRECONDITION,
    message: `Request to assign label to version ${label[1]} of model m, which is not currently available for inference`,
  });
}

test("labels may point to versions that are available, and move between them", () => {
  assert.deepEqual(versionLabelsOf([model(["a", 2n])], new Map(), status, false), labelled(["a", 2n]));
  assert.deepEqual(
    versionLabelsOf([model(["a", 2n])], labelled(["a", 1n]), status, false),
    labelled(["a", 2n]),
  );
});

test("other versions can't be labelled: loading, ended, never seen", () => {
  for (const version of [3n, 1n, 9n]) refused(["a", version]);
  // Also where they were before.
  refused(["a", 1n], labelled(["a", 1n]));
});

test("if it is allowed, a new label may point anywhere, but one that exists may only move to what is available", () => {
  assert.deepEqual(versionLabelsOf([model(["a", 9n])], new Map(), status, true), labelled(["a", 9n]));
  assert.deepEqual(
    versionLabelsOf([model(["a", 9n])], labelled(["a", 9n]), status, true),
    labelled(["a", 9n]),
  );
  assert.deepEqual(
    versionLabelsOf([model(["a", 2n])], labelled(["a", 9n]), status, true),
    labelled(["a", 2n]),
  );
  refused(["a", 9n], labelled(["a", 2n]), true);
});

test("labels that aren't named again are gone", () => {
  assert.deepEqual(versionLabelsOf([model()], labelled(["a", 2n]), status, false), labelled());
  assert.deepEqual(versionLabelsOf([], labelled(["a", 2n]), status, false), new Map());
});
