import { findTensorFlow } from "./library.ts";

/** The library that tests use: the one that this variable names, or one that is found as the server finds it. */
const VARIABLE = "SERVABLE_TENSORFLOW_LIBRARY";

export const foundLibrary: string | undefined = findTensorFlow(process.env[VARIABLE] ?? "");

/** What `test` and `describe` take as `skip`: why tests that need the library are passed over, or false. */
export const skipWithoutLibrary: string | false =
  foundLibrary === undefined &&
  `TensorFlow was not found: run 'servable engine install tensorflow', or set ${VARIABLE} to a library or its folder`;
