import { deployment, type Answer } from '@keyward/testing';
import { Visitor } from './browser';
import type { TestKey, TestUser } from './operator';

const keyward = deployment();

export const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** RFC 8628 §3.2. */
export interface Waiting {
  device_code: string;
  user_code: string;
  verification_uri: string;
  verification_uri_complete: string;
  expires_in: number;
  interval: number;
}

/** A device asks for its codes; by a client without a secret where there is none. */
export async function startDevice({ consumerKey, basic }: TestKey, params: Record<string, string> = {}) {
  const form = { ...params, ...(basic[1] ? {} : { client_id: consumerKey }) };
  const { status, body, text } = await keyward.send('/device_authorize', { form, basic: basic[1] ? basic : undefined });
  if (status !== 200) throw new Error(text);
  return body as Waiting;
}

/** A device asks whether its user has answered. */
export const pollDevice = ({ consumerKey, basic }: TestKey, { device_code }: Waiting): Promise<Answer> => {
  const form = { grant_type: DEVICE_CODE, device_code, ...(basic[1] ? {} : { client_id: consumerKey }) };
  return keyward.send('/token', { form, basic: basic[1] ? basic : undefined });
};

/** Follows a link with a code in it, and goes on with the code that the page has filled in. */
export async function followLink(visitor: Visitor, path: string): Promise<Answer> {
  const page = await visitor.get(path);
  const [, filled = ''] = /name="user_code"[^>]*\svalue="([^"]*)"/.exec(page.text) ?? [];
  return visitor.submit(page, { user_code: filled });
}

/** Somebody goes where the device says, signs in there if need be, and answers. */
export async function answerDevice(
  { verification_uri_complete: uri }: Waiting,
  { username, password }: Pick<TestUser, 'username' | 'password'>,
  decision: 'allow' | 'deny' = 'allow',
  visitor = new Visitor(),
): Promise<Answer> {
  const { pathname, search } = new URL(uri);
  const first = await followLink(visitor, `${pathname}${search}`);
  const page = first.text.includes('type="password"') ? await visitor.submit(first, { username, password }) : first;
  return visitor.submit(page, { decision });
}
