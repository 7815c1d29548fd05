import { unimplemented } from "../../../status/status.ts";

/**
 * TensorFlow's library as TensorFlow Java publishes it on Maven Central: the only build of a current TensorFlow with the
 * C API that comes for all platforms without Python. The jar is a zip file.
 */
export interface Release {
  /** TensorFlow's, which `TF_Version` says too. */
  readonly version: string;
  /** `process.platform` and `process.arch`. */
  readonly platform: string;
  /** Below the root of a Maven repository. */
  readonly path: string;
  /** The jar's. */
  readonly bytes: number;
  readonly sha256: string;
  /** What is unpacked takes about so much. */
  readonly unpackedBytes: number;
}

/** Maven Central. */
export const MAVEN_REPOSITORY = "https://repo1.maven.org/maven2";

/** The version of org.tensorflow:tensorflow-core-native, and TensorFlow's in it. */
const ARTIFACT = "1.2.0";
const TENSORFLOW = "2.21.0";

const RELEASES: readonly Release[] = [
  release({
    platform: "linux-x64",
    classifier: "linux-x86_64",
    bytes: 192265303,
    sha256: "e6fc5afb04092f3427408f1947ec1e5832ed196009acfc088b4d38a516b708bd",
    unpackedBytes: 853320293,
  }),
  release({
    platform: "linux-arm64",
    classifier: "linux-arm64",
    bytes: 194524452,
    sha256: "5f35ca75d4d735fc3e66af29d4e2a4191fbc98d0a2f7411e70b3174a20ba3d49",
    unpackedBytes: 883073565,
  }),
  release({
    platform: "darwin-arm64",
    classifier: "macosx-arm64",
    bytes: 151381240,
    sha256: "570d8b845e4832cc06a59ae0a05d1bb8c7a11197f48de9664b4f86123dbcafd3",
    unpackedBytes: 740833509,
  }),
];

interface Row extends Pick<Release, "platform" | "bytes" | "sha256" | "unpackedBytes"> {
  readonly classifier: string;
}

function release({ classifier, ...row }: Row): Release {
  const path = `org/tensorflow/tensorflow-core-native/${ARTIFACT}/tensorflow-core-native-${ARTIFACT}-${classifier}.jar`;
  return { ...row, version: TENSORFLOW, path };
}

export const THIS_PLATFORM = `${process.platform}-${process.arch}`;

/** The version that this program installs, on every platform. */
export const PINNED_VERSION = TENSORFLOW;

export const PLATFORMS: readonly string[] = RELEASES.map(({ platform }) => platform);

/** @throws StatusError UNIMPLEMENTED if TensorFlow isn't published for the platform. */
export function releaseFor(platform: string = THIS_PLATFORM): Release {
  const found = RELEASES.find((candidate) => candidate.platform === platform);
  if (found !== undefined) return found;
  throw unimplemented(
    `TensorFlow's library is not published for ${platform}, only for ${PLATFORMS.join(", ")}. ` +
      "Models that the importer covers run without it",
  );
}

/** The name of the jar in its folder. */
export function jarName({ path }: Release): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
