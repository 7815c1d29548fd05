import { setGlobalProxyFromEnv } from "node:http";
import { formatBytes } from "../engines/tensorflow/install/bytes.ts";
import { install } from "../engines/tensorflow/install/install.ts";
import { releaseFor } from "../engines/tensorflow/install/release.ts";
import { findTensorFlow } from "../engines/tensorflow/library.ts";
import { ProgressReport } from "./progress-report.ts";

/**
 * Installs TensorFlow's library and says where.
 * @throws StatusError as {@link install} and {@link releaseFor}.
 */
export async function installEngine(from: string | undefined): Promise<void> {
  const release = releaseFor();
  // Node asks for NODE_USE_ENV_PROXY=1 otherwise. Those before 24.14 don't have it.
  setGlobalProxyFromEnv?.();
  const report = new ProgressReport(process.stderr);
  try {
    const repository = process.env.SERVABLE_MAVEN_REPOSITORY || undefined;
    const { installation, wasInstalled } = await install({ release, observer: report, from, repository });
    report.end();
    const { version, library, bytes } = installation;
    process.stdout.write(
      wasInstalled
        ? `TensorFlow ${version} is already installed: ${library}\n`
        : `TensorFlow ${version} is installed (${formatBytes(bytes)}): ${library}\n`,
    );
    const used = findTensorFlow("");
    if (used !== library)
      process.stdout.write(`Servers use ${used} instead, unless --tensorflow_library names this one\n`);
  } finally {
    report.end();
  }
}
