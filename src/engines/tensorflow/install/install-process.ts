/** For tests: installs in a process of its own, which may be killed. Its argument is an {@link InstallOptions} as JSON. */
import { type InstallOptions, install } from "./install.ts";

const options: Omit<InstallOptions, "observer"> = JSON.parse(process.argv[2]!);
const { wasInstalled } = await install({
  ...options,
  observer: {
    progress: (phase, done) => process.stdout.write(`${phase} ${done}\n`),
    notice: (text) => process.stdout.write(`${text}\n`),
  },
});
process.stdout.write(wasInstalled ? "was installed\n" : "installed\n");
