/** What a client has sent is no request, or none that is taken: it gets this answer, and the connection ends. */
export class Refusal extends Error {
  readonly status: number;

  /** @param message goes to the client. */
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export function badRequest(what: string): Refusal {
  return new Refusal(400, `Bad Request: ${what}`);
}
