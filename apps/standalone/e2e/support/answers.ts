import type { Answer } from '@keyward/testing';

/** All of an answer that a client could tell apart: without the time, and the id of the request. */
export function appearanceOf({ status, headers, text }: Answer): object {
  return { status, headers: { ...headers, date: undefined, 'x-correlation-id': undefined }, text };
}

/** RFC 6749 §5.2: what `error` and `error_description` may be made of. */
const PRINTABLE = /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/;

/** Asserts an error of the token API, RFC 6749 §5.2: its status and code, its form, and that it is not kept (TE-07). */
export function expectError(answer: Answer, error: string, status = error === 'invalid_client' ? 401 : 400): void {
  expect([answer.status, answer.body.error]).toEqual([status, error]);
  expect(answer.body.error).toMatch(PRINTABLE);
  expect(answer.body.error_description ?? ' ').toMatch(PRINTABLE);
  expect(Object.keys(answer.body).filter((name) => !['error', 'error_description'].includes(name))).toEqual([]);
  expect(answer.headers).toMatchObject({
    'content-type': expect.stringMatching(/^application\/json/),
    'cache-control': 'no-store',
    pragma: 'no-cache',
    'x-content-type-options': 'nosniff',
  });
  // RFC 9110 §15.5.2 (CA-05, CA-06).
  expect(answer.headers['www-authenticate']).toBe(status === 401 ? 'Basic realm="keyward"' : undefined);
}
