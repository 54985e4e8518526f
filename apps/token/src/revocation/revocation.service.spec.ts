import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { TOKEN_SCHEMA } from '../data-source';
import { as, refresh, refusalOf, startScene, type Scene } from '../service.fixture';

let database: TestDatabase;
let nats: Nats;
let scene: Scene;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), new TestClock(Math.floor(Date.now() / 1000) * 1000));
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const isActive = async (clientId: string, token: string) => (await scene.introspect({ ...as(clientId), token })).active;
const revoke = (clientId: string, token: string, more = {}) => scene.revoke({ ...as(clientId), token, ...more });

describe.each(['johns', 'johns-opaque'])('revocation of tokens of %s', (clientId) => {
  it('RV-02 RV-08 an access token ends alone', async () => {
    const { body } = await scene.signIn(clientId);
    const other = (await scene.signIn(clientId)).body;
    expect(await revoke(clientId, body.access_token)).toEqual({});
    expect(await isActive(clientId, body.access_token)).toBe(false);
    expect(await isActive(clientId, body.refresh_token!)).toBe(true);
    expect(await isActive(clientId, other.access_token)).toBe(true);
  });

  it('RV-07 a refresh token ends with its access tokens, before and after a refresh', async () => {
    const { body: first } = await scene.signIn(clientId);
    const { body: second } = await scene.issue(refresh(clientId, first));
    expect(await revoke(clientId, second.refresh_token!)).toEqual({});
    for (const token of [first.access_token, second.access_token, second.refresh_token!])
      expect(await isActive(clientId, token)).toBe(false);
    expect(await refusalOf(scene.issue(refresh(clientId, second)))).toMatchObject({ code: 'invalid_grant' });
  });

  it('RT-04 reuse ends the access tokens too', async () => {
    const { body: first } = await scene.signIn(clientId);
    const { body: second } = await scene.issue(refresh(clientId, first));
    const { body: third } = await scene.issue(refresh(clientId, second));
    await refusalOf(scene.issue(refresh(clientId, first)));
    expect(await isActive(clientId, third.access_token)).toBe(false);
  });

  it('RV-03 what is revoked, unknown or spoilt is answered alike', async () => {
    const { body } = await scene.signIn(clientId);
    for (const token of [body.access_token, body.access_token, 'garbage', body.refresh_token!.slice(1), 'a.b.c'])
      expect(await revoke(clientId, token)).toEqual({});
    expect(await isActive(clientId, body.refresh_token!)).toBe(true);
  });

  it('RV-05 a wrong hint changes nothing', async () => {
    const { body } = await scene.signIn(clientId);
    await revoke(clientId, body.access_token, { token_type_hint: 'refresh_token' });
    await revoke(clientId, body.refresh_token!, { token_type_hint: 'nonsense' });
    expect(await isActive(clientId, body.access_token)).toBe(false);
    expect(await isActive(clientId, body.refresh_token!)).toBe(false);
  });

  it('RV-06 MT-02 another client revokes nothing, and is told so if it can keep a secret', async () => {
    const { body } = await scene.signIn(clientId);
    for (const token of [body.access_token, body.refresh_token!]) {
      expect(await refusalOf(revoke('johns-other', token))).toMatchObject({ code: 'invalid_request' });
      expect(await scene.revoke({ client_id: 'johns-public', token })).toEqual({});
      expect(await revoke('marys', token)).toEqual({});
      expect(await isActive(clientId, token)).toBe(true);
    }
  });
});

describe('requests to revoke', () => {
  it('RV-01 RV-04 need a client and a token', async () => {
    expect(await refusalOf(scene.revoke({ token: 'x' }))).toMatchObject({ code: 'invalid_client' });
    expect(await refusalOf(scene.revoke({ ...as('johns'), client_secret: 'wrong', token: 'x' }))).toMatchObject({
      code: 'invalid_client',
    });
    expect(await refusalOf(scene.revoke(as('johns')))).toMatchObject({ code: 'invalid_request' });
  });
});
