import { createHash, randomInt } from 'node:crypto';

/** RFC 8628 §6.1: without vowels, so that no code is a word, and without what looks alike. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ';
const LENGTH = 8;
const FORM = new RegExp(`^[${LETTERS}]{${LENGTH}}$`);

/** `WDJBMJHT`: one of 25.6 thousand million. */
export const newUserCode = (): string =>
  Array.from({ length: LENGTH }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/** As it is shown and typed: `WDJB-MJHT`. */
export const shownCode = (code: string): string => `${code.slice(0, LENGTH / 2)}-${code.slice(LENGTH / 2)}`;

/** What was typed, in any case and however grouped (DV-04); `undefined` for what is no code. */
export function readUserCode(typed: string | undefined): string | undefined {
  const code = typed?.slice(0, 40).toUpperCase().replace(/[\s-]/g, '') ?? '';
  return FORM.test(code) ? code : undefined;
}

/** What is stored of it: the same code of another organization is another. */
export const hashUserCode = (organizationId: string, code: string): Buffer =>
  createHash('sha256').update(`${organizationId} ${code}`).digest();
