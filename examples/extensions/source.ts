// Serves the one version that a file names, and follows the file: how a deployment tool may say what is live.
//   echo 1 > live.txt
//   node source.ts /models/mnist live.txt 8501
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { type AspiredVersions, createServer, type Source } from "servable";

/** Looks into the file every second. */
class LiveFile implements Source {
  readonly #base: string;
  readonly #file: string;
  #timer: NodeJS.Timeout | undefined;
  #reading: Promise<void> = Promise.resolve();

  constructor(base: string, file: string) {
    this.#base = base;
    this.#file = file;
  }

  start(emit: (aspired: AspiredVersions) => void): void {
    const look = () => {
      this.#reading = this.#read().then((version) => {
        // Of a file that can't be read nothing is known: what is served stays.
        if (version === undefined || this.#timer === undefined) return;
        const path = join(this.#base, String(version));
        emit({ name: "live", versions: [{ version, path }] });
      });
    };
    this.#timer = setInterval(look, 1000);
    look();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    this.#timer = undefined;
    await this.#reading;
  }

  async #read(): Promise<bigint | undefined> {
    try {
      const text = (await readFile(this.#file, "utf8")).trim();
      return /^\d+$/.test(text) ? BigInt(text) : undefined;
    } catch {
      return undefined;
    }
  }
}

const [base = "", file = "", port = "8501"] = process.argv.slice(2);
const server = await createServer({
  flags: { port: 0, rest_api_port: Number(port) },
  source: new LiveFile(base, file),
  models: ["live"],
});
console.log(`ready on port ${server.restPort}`);
process.once("SIGTERM", () => void server.stop(5000).then(() => process.exit(0)));
