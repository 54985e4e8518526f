import { deployment } from '@keyward/testing';

const keyward = deployment();
const { api } = keyward.demo;

const tokenWith = async (scope: string) => {
  const { body } = await keyward.passwordToken({ scope });
  expect(body.scope).toBe(scope);
  return body.access_token as string;
};
const read = (bearer: string) => keyward.send(api?.readUrl ?? '', { bearer });
const update = (bearer: string) => keyward.send(api?.updateUrl ?? '', { method: 'PUT', bearer });

describe('the demo organization’s API', () => {
  it('900910 blocks a token with read where update is needed, and lets one with both pass', async () => {
    const [reads, both] = [await tokenWith('read'), await tokenWith('read update')];
    expect(await read(reads)).toMatchObject({ status: 200, body: { menu: expect.any(Array) } });
    const blocked = await update(reads);
    expect([blocked.status, blocked.body.code]).toEqual([403, '900910']);
    expect(blocked.headers['www-authenticate']).toContain('scope="update"');
    expect(await update(both)).toMatchObject({ status: 200, body: { updated: true } });
    expect((await read(both)).status).toBe(200);
  });

  it('900902 is closed to who has no token', async () => {
    const { status, body } = await keyward.send(api?.readUrl ?? '');
    expect([status, body.code]).toEqual([401, '900902']);
  });
});
