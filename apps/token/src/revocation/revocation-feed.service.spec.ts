import { Bus, openWire, type Wire } from '@keyward/bus';
import { tokenRevocations, type RevocableClaims } from '@keyward/contracts';
import { Revocations } from '@keyward/runtime';
import {
  createTestDatabase,
  startLink,
  startNats,
  TestClock,
  type Link,
  type Nats,
  type TestDatabase,
} from '@keyward/testing';
import { decodeJwt } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import { TOKEN_SCHEMA } from '../data-source';
import { johns } from '../neighbours.fixture';
import { as, refresh, refusalOf, startScene, type Scene } from '../service.fixture';

/** Who verifies tokens without asking the token service, as a gateway does, on a link of its own. */
interface Verifier {
  link: Link;
  revocations: Revocations;
}

let database: TestDatabase;
let nats: Nats;
let scene: Scene;
const wires: Wire[] = [];
const verifiers: Verifier[] = [];

async function startVerifier(): Promise<Verifier> {
  const link = await startLink(nats.url);
  const wire = await openWire({ url: link.url, name: 'gateway' });
  wires.push(wire);
  const revocations = new Revocations(new Bus(wire), { passwordChange: true, feeds: [tokenRevocations] });
  await revocations.start();
  const verifier = { link, revocations };
  verifiers.push(verifier);
  return verifier;
}

beforeAll(async () => {
  [database, nats] = await Promise.all([createTestDatabase([TOKEN_SCHEMA]), startNats()]);
  scene = await startScene(nats.url, database.url('token'), new TestClock(Math.floor(Date.now() / 1000) * 1000));
  for (let n = 0; n < 3; n++) await startVerifier();
});
afterAll(async () => {
  for (const { revocations } of verifiers) revocations.stop();
  await Promise.all(wires.map((wire) => wire.close()));
  await Promise.all(verifiers.map(({ link }) => link.close()));
  await scene.close();
  await Promise.all([database.drop(), nats.stop()]);
});

const claimsOf = (token: string) => decodeJwt(token) as unknown as RevocableClaims;
const revoke = (token: string) => scene.revoke({ ...as('johns'), token });
const isRevokedAt = ({ revocations }: Verifier, token: string) => revocations.isRevoked(claimsOf(token), johns.id);

/** Waits for as long as a test may; how long it took, milliseconds. */
async function until(holds: () => boolean): Promise<number> {
  const start = performance.now();
  while (!holds()) await pause(5);
  return Math.round(performance.now() - start);
}
/** A figure for whoever reads the run: what is measured on a busy machine is not asserted. */
async function everywhere(token: string): Promise<void> {
  const ms = await until(() => verifiers.every((each) => isRevokedAt(each, token)));
  process.stdout.write(`    refused everywhere after ${ms} ms\n`);
}

describe('RV-12 what is revoked at one instance is refused by every other', () => {
  it('an access token, and no other of its family', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.issue(refresh('johns', first));
    await revoke(first.access_token);
    await everywhere(first.access_token);
    for (const each of verifiers) expect(isRevokedAt(each, second.access_token)).toBe(false);
  });

  it('all access tokens of a refresh token', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.issue(refresh('johns', first));
    const { body: other } = await scene.signIn('johns');
    await revoke(second.refresh_token!);
    for (const { access_token } of [first, second]) await everywhere(access_token);
    for (const each of verifiers) expect(isRevokedAt(each, other.access_token)).toBe(false);
  });

  it('RT-04 all access tokens of a family whose refresh token was used twice', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.issue(refresh('johns', first));
    const { body: third } = await scene.issue(refresh('johns', second));
    expect(await refusalOf(scene.issue(refresh('johns', first)))).toMatchObject({ code: 'invalid_grant' });
    for (const { access_token } of [first, second, third]) await everywhere(access_token);
  });

  it('by who starts later as well, before it says that it knows', async () => {
    const { body: first } = await scene.signIn('johns');
    const { body: second } = await scene.signIn('johns');
    await revoke(first.access_token);
    await revoke(second.refresh_token!);
    const late = await startVerifier();
    expect(late.revocations.state).toBe('current');
    for (const { access_token } of [first, second]) expect(isRevokedAt(late, access_token)).toBe(true);
  });
});

describe('C-61 who is cut off from NATS', () => {
  it.each(['cut', 'hold'] as const)(
    '(%s) says so, goes on with what it knew, and knows the rest when it is back',
    async (how) => {
      const [near, far] = [verifiers[0]!, verifiers[1]!];
      const before = (await scene.signIn('johns')).body.access_token;
      const during = (await scene.signIn('johns')).body.access_token;
      await revoke(before);
      await everywhere(before);
      far.link[how]();
      await until(() => far.revocations.state === 'degraded');
      await revoke(during);
      await until(() => isRevokedAt(near, during));
      expect(isRevokedAt(far, before)).toBe(true);
      expect(isRevokedAt(far, during)).toBe(false);
      far.link.restore();
      await until(() => wires[1]!.connected && far.revocations.state === 'current');
      await until(() => isRevokedAt(far, during));
    },
  );
});
