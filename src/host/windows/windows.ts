import type { HostFamily } from "../host-op.ts";
import { convolution } from "./convolution.ts";
import { dilations } from "./dilation.ts";
import { fractionalPooling } from "./fractional-pooling.ts";
import { pooling } from "./pooling.ts";

/** Ops whose window slides over an image or a volume. */
export const windows: HostFamily = { ...convolution, ...dilations, ...pooling, ...fractionalPooling };
