import type { FlagRow } from "./flag-row.ts";

/** What the server takes of its clients. Those that gRPC has a name for are set with --grpc_channel_arguments. */
export const limitFlags = [
  {
    name: "max_connections",
    type: "int",
    defaultValue: 10_000,
    group: "Limits",
    help: "Connections for gRPC, and as many for REST. Beyond that the oldest one that isn't in use makes way for a new one; if all are in use, a new one is refused.",
  },
  {
    name: "max_header_bytes",
    type: "int",
    defaultValue: 65_536,
    group: "Limits",
    help: "The headers of a request together.",
  },
  {
    name: "header_timeout_seconds",
    type: "int",
    defaultValue: 60,
    group: "Limits",
    help: "How long a client may take to send its headers, and to begin with HTTP/2.",
  },
  {
    name: "request_timeout_seconds",
    type: "int",
    defaultValue: 600,
    group: "Limits",
    help: "How long a client may take to send a whole request.",
  },
  {
    name: "grpc_api_timeout_in_ms",
    type: "int",
    defaultValue: 0,
    group: "Limits",
    help: "How many milliseconds a gRPC call may take whose client sets no deadline, or a later one; 0 or less for as long as it takes. Of REST: --rest_api_timeout_in_ms.",
  },
  {
    name: "unread_timeout_seconds",
    type: "int",
    defaultValue: 60,
    group: "Limits",
    help: "A client is let go that takes nothing of an answer for so long, or over HTTP/1.1 sends nothing of a request.",
  },
  {
    name: "max_unread_response_bytes",
    type: "int",
    defaultValue: 1_073_741_824,
    group: "Limits",
    help: "Answers that the client of a gRPC connection may leave unread, together; further ones are RESOURCE_EXHAUSTED.",
  },
  {
    name: "rest_api_max_body_bytes",
    type: "int",
    defaultValue: 1_073_741_824,
    group: "Limits",
    help: "The body of a REST request, as it is sent and decompressed. Of gRPC: grpc.max_receive_message_length.",
  },
  {
    name: "max_request_items",
    type: "int",
    defaultValue: 1_000_000,
    group: "Limits",
    help: "Strings, tf.Examples, and lists and objects of JSON that one request may have: each takes 50 to 250 bytes of memory, however short it is.",
  },
  {
    name: "max_fill_bytes",
    type: "int",
    defaultValue: 67_108_864,
    group: "Limits",
    help: "What one request may have filled up by repeating what was sent once: a tensor's last value, the context of tf.Examples.",
  },
  {
    name: "allowed_hosts",
    type: "string",
    defaultValue: "",
    group: "Limits",
    help: "Host names, separated by commas, under which clients may change the configuration and profile the server, besides addresses, localhost, and names that are never public (without a dot, .local, .internal, .svc and the like).",
  },
] as const satisfies readonly FlagRow[];
