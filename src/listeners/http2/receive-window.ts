import { ConnectionError, ErrorCode } from "./frames.ts";

/**
 * Bytes that a client may send ahead, per stream and per connection. Messages are buffered whole anyway, so smaller
 * windows would only make large tensors wait for round trips.
 */
export const RECEIVE_WINDOW = 16 << 20;

/** What a client may still send, of a stream or of a connection (RFC 9113, 5.2). */
export class ReceiveWindow {
  /** Bytes that the client has sent since it was last allowed more. */
  #unacknowledged = 0;

  /**
   * So many bytes have come.
   * @throws ConnectionError if they are more than was allowed.
   */
  take(size: number): void {
    this.#unacknowledged += size;
    if (this.#unacknowledged <= RECEIVE_WINDOW) return;
    throw new ConnectionError(ErrorCode.FLOW_CONTROL_ERROR, "More than the window allows");
  }

  /** How many bytes to allow the client again; 0 while it has enough. */
  grant(): number {
    const granted = this.#unacknowledged;
    if (granted <= RECEIVE_WINDOW / 2) return 0;
    this.#unacknowledged = 0;
    return granted;
  }
}
