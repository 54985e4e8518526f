/** Exit codes: 1 the server or the machine refused, 2 the command line was wrong. */
export type FailureCode = 1 | 2;

/** A failure to tell the user: what happened and, in the same text, what to do next. */
export class CommandError extends Error {
  constructor(
    message: string,
    readonly exitCode: FailureCode = 1,
  ) {
    super(message);
    this.name = 'CommandError';
  }
}
