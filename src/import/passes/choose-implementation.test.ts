import assert from "node:assert/strict";
import { it } from "node:test";
import { create } from "@bufbuild/protobuf";
import {
  type FunctionDef,
  FunctionDefSchema,
} from "../../proto/gen/tensorflow/core/framework/function_pb.ts";
import { implementationChooser } from "./choose-implementation.ts";

/** `interface@device/arguments` */
function functions(...texts: readonly string[]): ReadonlyMap<string, FunctionDef> {
  const s = (text: string) => ({ value: { case: "s" as const, value: new TextEncoder().encode(text) } });
  return new Map(
    texts.map((name) => {
      const [, implemented, device, count] = /^(.*)@(.*)\/(\d)$/.exec(name) as unknown as string[];
      const inputArg = Array.from({ length: Number(count) }, (_, i) => ({ name: `a${i}` }));
      const attr =
        implemented === "" ? {} : { api_implements: s(implemented!), api_preferred_device: s(device!) };
      return [name, create(FunctionDefSchema, { signature: { name, inputArg }, attr })];
    }),
  );
}

it("takes the form of a function that is made for the CPU", () => {
  const library = functions("gamma@/2", "gamma@GPU/2", "gamma@CPU/9", "gamma@CPU/2", "other@CPU/2", "@/2");
  const choose = implementationChooser(library);
  const chosen = (name: string) => choose(library.get(name)!).signature!.name;
  assert.equal(chosen("gamma@/2"), "gamma@CPU/2");
  assert.equal(chosen("gamma@GPU/2"), "gamma@CPU/2");
  assert.equal(chosen("gamma@CPU/9"), "gamma@CPU/9");
  assert.equal(chosen("@/2"), "@/2");
});

it("leaves a function that has no other form", () => {
  const library = functions("gamma@/2", "gamma@CPU/3");
  assert.equal(implementationChooser(library)(library.get("gamma@/2")!).signature!.name, "gamma@/2");
});
