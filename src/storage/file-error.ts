import { getSystemErrorMessage } from "node:util";
import { Code, StatusError } from "../status/status.ts";

// As TensorFlow's tsl/platform/errors.cc (ErrnoToCode) pairs them; what is missing here is UNKNOWN.
const CODES: Readonly<Record<string, Code>> = {
  ENOENT: Code.NOT_FOUND,
  ENODEV: Code.NOT_FOUND,
  ENXIO: Code.NOT_FOUND,
  EACCES: Code.PERMISSION_DENIED,
  EPERM: Code.PERMISSION_DENIED,
  EISDIR: Code.FAILED_PRECONDITION,
  ENOTDIR: Code.FAILED_PRECONDITION,
  EBADF: Code.FAILED_PRECONDITION,
  EBUSY: Code.FAILED_PRECONDITION,
  EINVAL: Code.INVALID_ARGUMENT,
  ENAMETOOLONG: Code.INVALID_ARGUMENT,
  ELOOP: Code.INVALID_ARGUMENT,
  EMFILE: Code.RESOURCE_EXHAUSTED,
  ENFILE: Code.RESOURCE_EXHAUSTED,
  ENOMEM: Code.RESOURCE_EXHAUSTED,
  ERR_FS_FILE_TOO_LARGE: Code.RESOURCE_EXHAUSTED,
  ERR_INVALID_ARG_VALUE: Code.INVALID_ARGUMENT,
};

/** The C library's words, where libuv has others. */
const WORDS: Readonly<Record<string, string>> = {
  EEXIST: "File exists",
  EISDIR: "Is a directory",
  ELOOP: "Too many levels of symbolic links",
  ENAMETOOLONG: "File name too long",
};

/** What a call of the file system threw, as TensorFlow reports it: `/a/path; No such file or directory`. */
export function fileError(path: string, error: unknown): StatusError {
  if (error instanceof StatusError) return error;
  const { code = "", errno, message } = error as NodeJS.ErrnoException;
  const reason = errno === undefined ? message : (WORDS[code] ?? capitalized(getSystemErrorMessage(errno)));
  return new StatusError(CODES[code] ?? Code.UNKNOWN, `${path}; ${reason}`, { cause: error });
}

function capitalized(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
