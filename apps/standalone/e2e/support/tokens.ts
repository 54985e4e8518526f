import { deployment, type Answer } from '@keyward/testing';
import type { TestKey } from './operator';

const keyward = deployment();

type Caller = Pick<TestKey, 'basic'>;

/** `POST /introspect` by a confidential client. */
export const introspect = (token: string, { basic }: Caller, extra: Record<string, string> = {}): Promise<Answer> =>
  keyward.send('/introspect', { form: { token, ...extra }, basic });

/** Whether introspection says that a token is active. */
export const isActive = async (token: string, caller: Caller): Promise<boolean> =>
  (await introspect(token, caller)).body.active === true;

/** `POST /revoke` by a confidential client. */
export const revoke = (token: string, { basic }: Caller, extra: Record<string, string> = {}): Promise<Answer> =>
  keyward.send('/revoke', { form: { token, ...extra }, basic });

/** Other spellings of a token, none of which is the token (abuse 17). */
export function spoilt(token: string): string[] {
  const swapCase = (text: string) =>
    text.replace(/[a-z]/gi, (letter) => (letter < 'a' ? letter.toLowerCase() : letter.toUpperCase()));
  const spellings = [
    token.slice(0, -1),
    token.slice(0, 40),
    token.slice(1),
    `${token}A`,
    `${token}=`,
    `${token}\n`,
    ` ${token}`,
    token.toLowerCase(),
    swapCase(token),
    token.replaceAll('-', '+').replaceAll('_', '/'),
    token.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    lastBitFlipped(token),
    token + token,
  ];
  return [...new Set(spellings)].filter((spelling) => spelling !== token);
}

/** In a part with spare bits, such as the signature of a JWT, this is another spelling of the same bytes. */
function lastBitFlipped(token: string): string {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
  return token.replace(/.$/, (last) => alphabet[alphabet.indexOf(last) ^ 1] ?? last);
}
