import { createTestDatabase, startNats, TestClock, type Nats, type TestDatabase } from '@keyward/testing';
import { TOKEN_SCHEMA } from '../data-source';
import { johns, marys } from '../neighbours.fixture';
import { as, startScene, type Scene } from '../service.fixture';

const clock = new TestClock(Math.floor(Date.now() / 1000) * 1000);
let database: TestDatabase;
let nats: Nats;
let scene: Scene;

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), clock);
});
afterAll(async () => {
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const opaqueToken = async () => (await scene.signIn('johns-opaque')).body.access_token;

describe('what gateways are told of an opaque access token', () => {
  it('is what introspection says of it', async () => {
    const token = await opaqueToken();
    const { claims } = await scene.read(johns.id, token);
    const said = await scene.introspect({ ...as('johns'), token });
    expect({ active: true, username: 'john', token_type: 'Bearer', ...claims }).toEqual(said);
  });

  it('abuse 23: is nothing at another organization', async () => {
    expect(await scene.read(marys.id, await opaqueToken())).toEqual({});
  });

  it('RS-07 is nothing once it is revoked, and nothing of what was never issued', async () => {
    const token = await opaqueToken();
    expect(await scene.read(johns.id, token)).toHaveProperty('claims');
    await scene.revoke({ ...as('johns-opaque'), token });
    expect(await scene.read(johns.id, token)).toEqual({});
    for (const other of ['', 'x', `kat_${'a'.repeat(72)}`, token.slice(0, -1), `${token}a`])
      expect(await scene.read(johns.id, other)).toEqual({});
  });
});
