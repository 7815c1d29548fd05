/** For tests, as an --import of the program: each thread lists at its end which packages it has loaded. */
import { registerHooks } from "node:module";

const packages = new Set<string>();

registerHooks({
  resolve(specifier, context, next) {
    const found = next(specifier, context);
    const name = /\/node_modules\/((@[^/]+\/)?[^/]+)/.exec(found.url)?.[1];
    if (name !== undefined) packages.add(name);
    return found;
  },
});

process.on("exit", () => process.stdout.write(`packages: ${JSON.stringify([...packages])}\n`));
