/** TensorFlow Serving's util/prometheus_exporter.cc. */
const DEFAULT_PATH = "/monitoring/prometheus/metrics";

/**
 * @param file of --monitoring_config_file, a MonitoringConfig in protobuf's text format; empty for none.
 * @returns the path of the page for Prometheus; undefined if there is to be none.
 * @throws StatusError (rejects) NOT_FOUND or INVALID_ARGUMENT for a file that can't be taken.
 */
export async function prometheusPath(file: string): Promise<string | undefined> {
  if (file === "") return undefined;
  const [{ readTextProto }, { MonitoringConfigSchema }] = await Promise.all([
    import("./text-proto.ts"),
    import("../proto/gen/tensorflow_serving/config/monitoring_config_pb.ts"),
  ]);
  const { prometheusConfig } = await readTextProto(MonitoringConfigSchema, file);
  return prometheusConfig?.enable ? prometheusConfig.path || DEFAULT_PATH : undefined;
}
