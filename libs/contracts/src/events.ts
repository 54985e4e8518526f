import type { Class } from './rpc';

/** Something that has happened: published by one owner, heard by every instance that asks, delivered at most once. */
export interface EventMessage<Payload extends object> {
  /** `<owner>.<noun>.<past tense>`. */
  readonly subject: string;
  readonly payload: Class<Payload>;
}

export const event = <Payload extends object>(subject: string, payload: Class<Payload>): EventMessage<Payload> => ({
  subject,
  payload,
});
