// Serves a plain function as version 1 of the model "increment":
//   node function.ts 8501
//   curl -d '{"instances": [1, 2.5]}' http://localhost:8501/v1/models/increment:predict
import { createServer, moduleLoader, type Source } from "servable";

const source: Source = {
  start(emit) {
    // Emissions come after start has returned.
    queueMicrotask(() => emit({ name: "increment", versions: [{ version: 1n, path: "" }] }));
  },
  async stop() {},
};

const server = await createServer({
  flags: { port: 0, rest_api_port: Number(process.argv[2] ?? 8501) },
  source,
  models: ["increment"],
  createLoader: (id) =>
    moduleLoader(id, { module: import.meta.resolve("./increment.ts"), data: { step: 1 } }),
});
console.log(`ready on port ${server.restPort}`);
process.once("SIGTERM", () => void server.stop(5000).then(() => process.exit(0)));
