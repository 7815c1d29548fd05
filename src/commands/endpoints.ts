import { readFileSync } from "node:fs";
import type { Flags } from "../flags/flag-table.ts";

interface Ports {
  readonly grpcPort: number | undefined;
  readonly restPort: number | undefined;
}

/** What is served where, and, for the example, a request to try. */
export function describeEndpoints(flags: Flags, { grpcPort, restPort }: Ports, example: boolean): string {
  const host =
    flags.bind_address === "0.0.0.0" || flags.bind_address === "::" ? "localhost" : flags.bind_address;
  const byFile = flags.model_config_file !== "";
  const lines = [
    byFile
      ? `Serving the models of ${flags.model_config_file}`
      : `Serving ${flags.model_name} from ${flags.model_base_path}`,
  ];
  const scheme = flags.rest_api_ssl_config_file === "" ? "http" : "https";
  const path = `/v1/models/${byFile ? "NAME" : flags.model_name}`;
  if (grpcPort !== undefined) lines.push(`  gRPC  ${host}:${grpcPort}`);
  if (flags.grpc_socket_path !== "") lines.push(`  gRPC  unix:${flags.grpc_socket_path}`);
  if (restPort !== undefined) lines.push(`  REST  ${scheme}://${host}:${restPort}${path}`);
  if (flags.rest_api_socket_path !== "") {
    lines.push(`  REST  ${scheme}://localhost${path} at unix:${flags.rest_api_socket_path}`);
  }
  if (example && restPort !== undefined) {
    lines.push(
      "",
      "Ask for the digits in two images:",
      "",
      `  curl -d '${exampleRequest()}' ${scheme}://${host}:${restPort}/v1/models/${flags.model_name}:predict`,
    );
  }
  return `${lines.join("\n")}\n`;
}

function exampleRequest(): string {
  return readFileSync(new URL("../../examples/digits/request.json", import.meta.url), "utf8").trim();
}
