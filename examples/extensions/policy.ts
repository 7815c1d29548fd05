// Swaps no version while a file exists (a deployment freeze). A model that serves nothing yet gets its first version all
// the same.
//   node policy.ts /models/mnist freeze.txt 8501
import { existsSync } from "node:fs";
import { availabilityPreservingPolicy, createServer, type VersionPolicy } from "servable";

const [base = "", freeze = "", port = "8501"] = process.argv.slice(2);

// Asked whenever something has changed, and at least with each look into the model's folder.
const unlessFrozen: VersionPolicy = (versions) => {
  const serves = versions.some(({ state }) => state === "ready");
  return serves && existsSync(freeze) ? undefined : availabilityPreservingPolicy(versions);
};

const server = await createServer({
  flags: { port: 0, rest_api_port: Number(port), model_name: "frozen", model_base_path: base },
  versionPolicy: unlessFrozen,
});
console.log(`ready on port ${server.restPort}`);
process.once("SIGTERM", () => void server.stop(5000).then(() => process.exit(0)));
