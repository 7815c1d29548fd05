/** For tests: installs in a process of its own, which may be killed. Its argument is a {@link Scenario} as JSON. */
import { type InstallOptions, install } from "./install.ts";
import type { Phase } from "./observer.ts";

export interface Scenario extends Omit<InstallOptions, "observer" | "free"> {
  /** Killed by itself when it comes to this. */
  readonly diesIn?: Phase;
}

const { diesIn, ...options }: Scenario = JSON.parse(process.argv[2]!);
const { wasInstalled } = await install({
  ...options,
  observer: {
    progress: (phase) => {
      if (phase === diesIn) process.kill(process.pid, "SIGKILL");
    },
    notice: (text) => process.stdout.write(`${text}\n`),
  },
});
process.stdout.write(wasInstalled ? "was installed\n" : "installed\n");
