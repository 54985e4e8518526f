import { Bus, LocalExchange } from '@keyward/bus';
import {
  clientRevocations,
  jtiOf,
  revocationId,
  tokenRevocations,
  userRevocations,
  type Feed,
  type RevocableClaims,
  type Revocation,
} from '@keyward/contracts';
import { Revocations } from './revocations';

const ORGANIZATION = '019a0000-0000-7000-8000-00000000000a';
const OTHER = '019a0000-0000-7000-8000-00000000000b';
const FAMILY = '019b0000-0000-7000-8000-0000000000f1';
const TOKEN: RevocableClaims = {
  ...{ jti: jtiOf('random', FAMILY), sub: 'john', client_id: 'shop', sid: 'session' },
  ...{ auth_time: 1000, iat: 2000 },
};
const feeds = [tokenRevocations, userRevocations, clientRevocations];

/** Owners that know what is written here, each with a log of its own. */
class Owners {
  readonly exchange = new LocalExchange();
  private readonly bus: Bus;
  private readonly logs = new Map(feeds.map((feed) => [feed.name, [] as { id: string; record: Revocation }[]]));

  constructor() {
    const wire = this.exchange.wire();
    this.bus = new Bus(wire);
    for (const feed of feeds) {
      const log = this.logs.get(feed.name) ?? [];
      wire.respond(feed.since.subject, 'owner', () =>
        Promise.resolve({ ok: { changes: [], more: false, gone: false } }),
      );
      wire.respond(feed.snapshot.subject, 'owner', () =>
        Promise.resolve({ ok: { position: log.length, records: log, more: false } }),
      );
    }
  }

  revoke(feed: Feed<Revocation>, end: Partial<Revocation> & Pick<Revocation, 'kind' | 'name'>): void {
    const record = { organizationId: ORGANIZATION, until: 9000, ...end };
    const log = this.logs.get(feed.name) ?? [];
    const position = log.push({ id: revocationId(record), record });
    this.bus.publish(feed.changed, { position, id: revocationId(record), record });
  }

  async follow(passwordChange = true): Promise<Revocations> {
    const revocations = new Revocations(new Bus(this.exchange.wire()), { passwordChange });
    await revocations.start();
    return revocations;
  }
}

let owners: Owners;
let revocations: Revocations;
beforeEach(async () => {
  owners = new Owners();
  revocations = await owners.follow();
});
afterEach(() => revocations.stop());

/** What was published before has been heard: the exchange delivers in the order of asking, one turn of the loop later. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const ENDS: [what: string, Feed<Revocation>, end: Partial<Revocation> & Pick<Revocation, 'kind' | 'name'>][] = [
  ['itself', tokenRevocations, { kind: 'token', name: TOKEN.jti }],
  ['its family', tokenRevocations, { kind: 'family', name: FAMILY }],
  ['its session', tokenRevocations, { kind: 'session', name: 'session' }],
  ['all of its organization', tokenRevocations, { kind: 'organization', name: ORGANIZATION, before: 2001 }],
  ['its user', userRevocations, { kind: 'user', name: 'john', before: 1001 }],
  ['its user’s password', userRevocations, { kind: 'password', name: 'john', before: 1001 }],
  ['its client', clientRevocations, { kind: 'client', name: 'shop' }],
  ['a client of its name before', clientRevocations, { kind: 'client', name: 'shop', before: 2001 }],
];

describe('a revocation', () => {
  it.each(ENDS)('C-60 ends a token with %s, heard or in the snapshot', async (_, feed, end) => {
    expect(revocations.isRevoked(TOKEN, ORGANIZATION)).toBe(false);
    owners.revoke(feed, end);
    await settled();
    expect(revocations.isRevoked(TOKEN, ORGANIZATION)).toBe(true);
    const later = await owners.follow();
    expect(later.isRevoked(TOKEN, ORGANIZATION)).toBe(true);
    later.stop();
  });

  it.each(ENDS)('C-60 of %s concerns no other token', async (_, feed, end) => {
    owners.revoke(feed, end);
    await settled();
    const other = { ...TOKEN, jti: 'other', sub: 'mary', client_id: 'till', sid: 'other' };
    expect(revocations.isRevoked(other, OTHER)).toBe(false);
  });

  it.each(ENDS.filter(([, , { before }]) => before !== undefined))(
    'C-62 of %s concerns no token from that time on',
    async (_, feed, end) => {
      owners.revoke(feed, end);
      await settled();
      const later = { ...TOKEN, auth_time: 3000, iat: 3000 };
      expect(revocations.isRevoked(later, ORGANIZATION)).toBe(false);
    },
  );

  it('C-62 of a user ends what was refreshed since', async () => {
    owners.revoke(userRevocations, { kind: 'user', name: 'john', before: 3000 });
    await settled();
    expect(revocations.isRevoked({ ...TOKEN, iat: 4000 }, ORGANIZATION)).toBe(true);
    expect(revocations.isRevoked({ ...TOKEN, auth_time: undefined, iat: 4000 }, ORGANIZATION)).toBe(false);
  });

  it('C-62 of an organization ends the tokens of its users at a client of another', async () => {
    owners.revoke(tokenRevocations, { kind: 'organization', name: OTHER, before: 3000 });
    await settled();
    expect(revocations.isRevoked(TOKEN, ORGANIZATION, OTHER)).toBe(true);
    expect(revocations.isRevoked(TOKEN, ORGANIZATION)).toBe(false);
  });

  it('C-62 of an organization holds as the last of two ends, in whichever order they are heard', async () => {
    for (const before of [3000, 2000])
      owners.revoke(tokenRevocations, { kind: 'organization', name: ORGANIZATION, before });
    await settled();
    expect(revocations.isRevoked({ ...TOKEN, iat: 2999 }, ORGANIZATION)).toBe(true);
    expect(revocations.isRevoked({ ...TOKEN, iat: 3000 }, ORGANIZATION)).toBe(false);
  });

  it('C-62 of a client that was disabled is over when it is enabled again', async () => {
    owners.revoke(clientRevocations, { kind: 'client', name: 'shop' });
    owners.revoke(clientRevocations, { kind: 'client', name: 'shop', before: 1000 });
    await settled();
    expect(revocations.isRevoked(TOKEN, ORGANIZATION)).toBe(false);
  });

  it('RT-10 a changed password ends nothing where the server says so', async () => {
    owners.revoke(userRevocations, { kind: 'password', name: 'john', before: 1001 });
    const lenient = await owners.follow(false);
    expect(lenient.isRevoked(TOKEN, ORGANIZATION)).toBe(false);
    lenient.stop();
  });

  it('is forgotten when no token that it concerns is alive', async () => {
    for (const [, feed, end] of ENDS) owners.revoke(feed, end);
    await settled();
    expect(revocations.size).toBeGreaterThan(0);
    revocations.expire(8999);
    expect(revocations.isRevoked(TOKEN, ORGANIZATION)).toBe(true);
    revocations.expire(9000);
    expect(revocations.size).toBe(0);
  });
});

it('C-61 before the first snapshot nothing is let through', () => {
  const unknown = new Revocations(new Bus(new LocalExchange().wire()), { passwordChange: true });
  expect(unknown.state).toBe('starting');
  expect(() => unknown.isRevoked(TOKEN, ORGANIZATION)).toThrow('temporarily_unavailable');
});
