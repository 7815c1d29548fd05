import { invalidArgument } from "../status/status.ts";

/** Settings of a gRPC server, as far as they can have an effect here. Undefined: not given. */
export interface ChannelArguments {
  /** Calls that one connection may have open at a time. */
  readonly maxConcurrentStreams?: number;
  /** Bytes of a request message. */
  readonly maxReceiveMessageLength?: number;
  /** After about so long a connection is asked to go. */
  readonly maxConnectionAgeMilliseconds?: number;
  /** So long after that it is cut. */
  readonly maxConnectionAgeGraceMilliseconds?: number;
  /** A connection without calls is asked to go after so long. */
  readonly maxConnectionIdleMilliseconds?: number;
}

export interface ParsedChannelArguments {
  readonly channel: ChannelArguments;
  /** The names of those that make no difference here. */
  readonly ignored: readonly string[];
}

/** gRPC's names (grpc/impl/channel_arg_names.h). */
const NAMES: ReadonlyMap<string, keyof ChannelArguments> = new Map([
  ["grpc.max_concurrent_streams", "maxConcurrentStreams"],
  ["grpc.max_receive_message_length", "maxReceiveMessageLength"],
  ["grpc.max_connection_age_ms", "maxConnectionAgeMilliseconds"],
  ["grpc.max_connection_age_grace_ms", "maxConnectionAgeGraceMilliseconds"],
  ["grpc.max_connection_idle_ms", "maxConnectionIdleMilliseconds"],
]);

/** gRPC's word for "any number": -1 for lengths, the largest int for times. */
const NO_LIMIT = 2 ** 31 - 1;

/**
 * Reads --grpc_channel_arguments: `name=value`, separated by commas.
 * @throws StatusError INVALID_ARGUMENT for what isn't of that form, or a number that isn't one.
 */
export function parseChannelArguments(text: string): ParsedChannelArguments {
  const channel: { -readonly [K in keyof ChannelArguments]: ChannelArguments[K] } = {};
  const ignored: string[] = [];
  for (const argument of text.split(",").filter((part) => part !== "")) {
    const [name = "", value, ...more] = argument.split("=");
    if (name === "" || value === undefined || more.length > 0) {
      throw invalidArgument(
        `--grpc_channel_arguments takes name=value, separated by commas; got "${argument}"`,
      );
    }
    const key = NAMES.get(name);
    if (key === undefined) {
      ignored.push(name);
      continue;
    }
    if (!/^-?\d{1,10}$/.test(value)) throw invalidArgument(`${name} takes a whole number, not "${value}"`);
    const number = Number(value);
    if (number >= 0 && number < NO_LIMIT) channel[key] = number;
  }
  return { channel, ignored };
}
