/** A class whose instances are made by the wire, so its constructor takes nothing. */
export type Class<T> = new () => T;

/** A request/reply message: one owner serves it, anyone it is granted to may call it. */
export interface Rpc<Req extends object, Res extends object> {
  /** `<owner>.<noun>.<verb>`; the owner's name is also the queue group that serves it. */
  readonly subject: string;
  readonly request: Class<Req>;
  readonly response: Class<Res>;
  /** Doing it twice is the same as doing it once, so a lost request is sent once more. */
  readonly repeatable: boolean;
}

export const rpc = <Req extends object, Res extends object>(
  subject: string,
  request: Class<Req>,
  response: Class<Res>,
  { repeatable = false } = {},
): Rpc<Req, Res> => ({ subject, request, response, repeatable });

/** An empty request, an empty answer. */
export class Empty {}
