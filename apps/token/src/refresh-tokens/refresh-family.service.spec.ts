import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { asAdmin, checkIsolation, createTestDatabase, TestClock, type TestDatabase } from '@keyward/testing';
import { migrate, query } from '@keyward/database';
import type { DataSource } from 'typeorm';
import { TOKEN_EXCEPTIONS, TOKEN_SCHEMA } from '../data-source';
import { TOKEN_MIGRATIONS } from '../migrations';
import { SessionOfAFamily1764060000000 } from '../migrations/1764060000000-session-of-a-family';
import { Partitions } from '../partitions';
import { endSessionRow, saveSession } from '../sessions/session-rows';
import { dayOf, hexOf, newId } from '../time-id';
import { hashToken, newSecret, writeToken, type TokenString } from '../token-string';
import { findFamily, insertFamily, revokeFamily, rotateFamily, type Rotation } from './refresh-family';
import { newSuccessor, sameSuccessor } from './successor';

type RefreshToken = TokenString<'krt'>;

const DAY = 86_400;
const organizationId = '019a0000-0000-7000-8000-00000000000a';
const otherOrganization = '019a0000-0000-7000-8000-00000000000b';
const sub = '019a0000-0000-7000-8000-0000000000ff';
const user = { sub, userOrganizationId: organizationId };

let database: TestDatabase;
let one: DataSource;
let two: DataSource;

beforeAll(async () => {
  database = await createTestDatabase([TOKEN_SCHEMA]);
  [one, two] = await Promise.all([database.connect('token'), database.connect('token')]);
});
afterAll(() => database.drop());

/** A family as the service makes them, with a clock of its own. */
async function newFamily({ lifetime = DAY, absolute = 90 * DAY, dataSource = one } = {}) {
  const clock = new TestClock(Date.now());
  const now = clock.now();
  const first = writeToken('krt', { id: newId(now), ...user, proof: randomUUID() }, newSecret('krt'));
  await insertFamily(dataSource, {
    ...{ id: first.id, organizationId, clientId: 'key', ...user, proof: first.proof },
    ...{ applicationId: organizationId, grant: 'password' },
    ...{ scope: 'default more', authTime: Math.floor(now / 1000), amr: ['pwd'], currentHash: first.hash },
    ...{ createdAt: new Date(now), expiresAt: new Date(now + lifetime * 1000) },
    absoluteExpiresAt: new Date(now + absolute * 1000),
  });
  return {
    clock,
    first,
    use: (token: RefreshToken, how: Use = {}) => use(clock, token, { lifetime, dataSource, ...how }),
  };
}

type Family = Awaited<ReturnType<typeof newFamily>>;

interface Use extends Partial<Omit<Rotation, 'presented' | 'next' | 'now'>> {
  dataSource?: DataSource;
  keep?: boolean;
}

/** Presents a token as RefreshTokens does; `successor` is what its client would be given. */
async function use(clock: TestClock, token: RefreshToken, { dataSource = one, keep, ...rotation }: Use) {
  const { next, kept } = newSuccessor(token.text, token);
  const rotated = await rotateFamily(dataSource, {
    ...{ organizationId, clientId: 'key', presented: token, notBefore: 0, grace: 10, lifetime: DAY },
    next: keep ? undefined : { hash: next.hash, kept },
    now: new Date(clock.now()),
    ...rotation,
  });
  const { outcome } = rotated;
  const again = outcome === 'retry' ? sameSuccessor(token.text, token, rotated.kept) : undefined;
  return { outcome, successor: again ?? next, rotated };
}

/** Resolves once a statement of that kind waits for a lock. */
async function isWaiting(what: string): Promise<void> {
  const sql = `SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE $1`;
  while ((await asAdmin(database.adminUrl, (admin) => admin.query(sql, [`%${what}(%`]))).rowCount === 0) await pause(5);
}

const stateOf = (id: string) => findFamily(one, organizationId, id);

describe('RT-01 rotation', () => {
  it('RT-01 replaces the token and nothing else of the family', async () => {
    const { first, use } = await newFamily();
    const before = await stateOf(first.id);
    const { outcome, successor } = await use(first);
    expect(outcome).toBe('rotated');
    expect(successor.text).not.toBe(first.text);
    const after = await stateOf(first.id);
    expect(after).toMatchObject({ currentHash: successor.hash, previousHash: first.hash, revoked: false });
    expect(after).toMatchObject({
      scope: before?.scope,
      sub,
      authTime: before?.authTime,
      amr: ['pwd'],
      clientId: 'key',
    });
  });

  it('RT-01 goes on for a hundred generations', async () => {
    const { clock, first, use } = await newFamily();
    let token = first;
    for (let generation = 0; generation < 100; generation++) {
      clock.advance(1000);
      const { outcome, successor } = await use(token);
      expect(outcome).toBe('rotated');
      token = successor;
    }
  });
});

describe('RT-05 the idempotent retry', () => {
  it('RT-05 gives the predecessor the same successor within the grace', async () => {
    const { clock, first, use } = await newFamily();
    const { successor } = await use(first);
    clock.advance(9_999);
    expect(await use(first)).toMatchObject({ outcome: 'retry', successor });
    expect(await use(first)).toMatchObject({ outcome: 'retry', successor });
  });

  it('RT-08 works at another instance after the first has died with its answer', async () => {
    const { first, use } = await newFamily();
    const { successor } = await use(first); // committed; the answer is lost
    expect(await use(first, { dataSource: two })).toMatchObject({ outcome: 'retry', successor });
    expect((await use(successor)).outcome).toBe('rotated');
  });

  it('RT-04 is over with the grace, and the family with it', async () => {
    const { clock, first, use } = await newFamily();
    const { successor } = await use(first);
    clock.advance(10_000);
    expect((await use(first)).outcome).toBe('reuse');
    expect((await use(successor)).outcome).toBe('revoked');
    expect(await stateOf(first.id)).toMatchObject({ revoked: true });
  });

  it('RT-05 does not exist where the grace is 0', async () => {
    const { first, use } = await newFamily();
    await use(first);
    expect((await use(first, { grace: 0 })).outcome).toBe('reuse');
  });
});

describe('RT-06 reuse', () => {
  it('RT-06 a predecessor whose successor was used ends the family, inside the grace too', async () => {
    const { first, use } = await newFamily();
    const second = await use(first);
    const third = await use(second.successor);
    expect((await use(first)).outcome).toBe('reuse');
    expect((await use(third.successor)).outcome).toBe('revoked');
  });

  it('RT-14 a successor that is kept was used as well', async () => {
    const { first, use } = await newFamily();
    const { successor } = await use(first);
    expect((await use(successor, { keep: true })).outcome).toBe('kept');
    expect((await use(first)).outcome).toBe('reuse');
  });

  it('RT-04 of one family leaves another of the same user and client alone', async () => {
    const [ended, other] = [await newFamily(), await newFamily()];
    await ended.use(ended.first);
    await ended.use(ended.first, { grace: 0 });
    expect((await other.use(other.first)).outcome).toBe('rotated');
  });
});

describe('RT-07 many at once', () => {
  it('RT-07 abuse 13 fifty uses at two instances make one successor', async () => {
    const { first, use } = await newFamily();
    const all = await Promise.all(Array.from({ length: 50 }, (_, n) => use(first, { dataSource: n % 2 ? one : two })));
    expect(all.filter(({ outcome }) => outcome === 'rotated')).toHaveLength(1);
    expect(all.filter(({ outcome }) => outcome === 'retry')).toHaveLength(49);
    expect(new Set(all.map(({ successor }) => successor.text)).size).toBe(1);
    expect(await stateOf(first.id)).toMatchObject({ currentHash: all[0]!.successor.hash, revoked: false });
  });

  it('RT-07 without grace one use succeeds, and the others end the family', async () => {
    const { first, use } = await newFamily();
    const ways = Array.from({ length: 50 }, (_, n) => use(first, { grace: 0, dataSource: n % 2 ? one : two }));
    const outcomes = (await Promise.all(ways)).map(({ outcome }) => outcome);
    expect(outcomes.filter((outcome) => outcome === 'rotated')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'reuse')).toHaveLength(1);
    expect(outcomes.filter((outcome) => outcome === 'revoked')).toHaveLength(48);
  });
});

describe('families that are used at once, among others that end (ADR 17)', () => {
  it('RT-04 reuse is ended by itself, so that two instances never wait for each other', async () => {
    const made = await Promise.all(Array.from({ length: 4 }, () => newFamily()));
    const [a, b, c, d] = made.sort((x, y) => (x.first.id < y.first.id ? -1 : 1)) as [Family, Family, Family, Family];
    await a.use(a.first);
    const { successor } = await c.use(c.first);
    const outcomes = await asAdmin(database.adminUrl, async (admin) => {
      await admin.query('BEGIN');
      await admin.query('SELECT FROM token.refresh_families WHERE id = $1 FOR UPDATE', [b.first.id]);
      // One statement, which is held up at `b` when it has found the reuse of `a` and before it comes to `c`.
      const joined = [a.use(a.first, { grace: 0 }), b.use(b.first), c.use(successor), d.use(d.first)];
      await isWaiting('rotate_refresh_family');
      expect((await c.use(c.first, { grace: 0, dataSource: two })).outcome).toBe('reuse');
      await admin.query('COMMIT');
      return (await Promise.all(joined)).map(({ outcome }) => outcome);
    });
    expect(outcomes).toEqual(['reuse', 'rotated', 'revoked', 'rotated']);
    for (const { first } of [a, c]) expect(await stateOf(first.id)).toMatchObject({ revoked: true });
  });

  it('RV-02 what ends several families holds up no reuse of theirs while it waits for one of them', async () => {
    const made = await Promise.all(Array.from({ length: 3 }, () => newFamily()));
    const [a, b, c] = made.sort((x, y) => (x.first.id < y.first.id ? -1 : 1)) as [Family, Family, Family];
    await c.use(c.first);
    const id = newId(Date.now());
    const [createdAt, absoluteExpiresAt] = [new Date(), new Date(Date.now() + DAY * 1000)];
    const session = { id, organizationId, ...user, authTime: 0, amr: ['pwd'], userAgent: null, hash: a.first.hash };
    await saveSession(one, { ...session, createdAt, absoluteExpiresAt });
    const ended = await asAdmin(database.adminUrl, async (admin) => {
      for (const { first } of [a, b, c])
        await admin.query(`INSERT INTO token.session_grants VALUES ($1, $2, $3, $4, $5, 'key', false)`, [
          ...[organizationId, dayOf(id), id, first.id, sub],
        ]);
      await admin.query('BEGIN');
      await admin.query('SELECT FROM token.refresh_families WHERE id = $1 FOR UPDATE', [b.first.id]);
      const ending = endSessionRow(two, organizationId, id, new Date());
      await isWaiting('end_session');
      expect((await c.use(c.first, { grace: 0 })).outcome).toBe('reuse');
      await admin.query('COMMIT');
      return ending;
    });
    expect(ended).toHaveLength(3);
    for (const { first } of [a, b, c]) expect(await stateOf(first.id)).toMatchObject({ revoked: true });
  });
});

describe('RT-09 lifetimes', () => {
  it('RT-09 ends a day after the last rotation', async () => {
    const { clock, first, use } = await newFamily();
    clock.advance((DAY - 1) * 1000);
    const { outcome, successor } = await use(first);
    expect(outcome).toBe('rotated');
    clock.advance((DAY - 1) * 1000);
    const third = await use(successor);
    expect(third.outcome).toBe('rotated');
    clock.advance(DAY * 1000);
    expect((await use(third.successor)).outcome).toBe('expired');
  });

  it('RT-09 ends with the family, whatever the rotations', async () => {
    const { clock, first, use } = await newFamily({ absolute: 3 * DAY });
    let token = first;
    for (let halfDay = 0; halfDay < 5; halfDay++) {
      clock.advance((DAY / 2) * 1000);
      const { outcome, successor } = await use(token);
      expect(outcome).toBe('rotated');
      token = successor;
    }
    clock.advance((DAY / 2) * 1000);
    expect((await use(token)).outcome).toBe('expired');
  });

  it('RT-09 a first token never outlives its family', async () => {
    const { clock, first, use } = await newFamily({ lifetime: DAY, absolute: 3600 });
    clock.advance(3600 * 1000);
    expect((await use(first)).outcome).toBe('expired');
  });

  it('RT-14 a kept token stays the same and lives no shorter', async () => {
    const { clock, first, use } = await newFamily();
    const before = await stateOf(first.id);
    clock.advance(3600 * 1000);
    for (let time = 0; time < 3; time++) expect((await use(first, { keep: true, lifetime: 60 })).outcome).toBe('kept');
    const after = await stateOf(first.id);
    expect(after?.currentHash).toEqual(first.hash);
    expect(after?.expiresAt).toEqual(before?.expiresAt);
  });
});

describe('RT-02 whose it is', () => {
  it('RT-02 MT-02 another organization finds, rotates and revokes nothing', async () => {
    const { first, use } = await newFamily();
    expect(await findFamily(one, otherOrganization, first.id)).toBeUndefined();
    expect((await use(first, { organizationId: otherOrganization })).outcome).toBe('unknown');
    await revokeFamily(one, otherOrganization, first.id, new Date());
    expect((await use(first)).outcome).toBe('rotated');
  });

  it.each<[string, Partial<typeof user> & { clientId?: string }]>([
    ['client', { clientId: 'other' }],
    ['user', { sub: otherOrganization }],
    ['organization of the user', { userOrganizationId: otherOrganization }],
  ])(
    'RT-02 for another %s than its own it is unknown, and stays as it is where it were reuse too',
    async (_, other) => {
      const { first, use } = await newFamily();
      const { successor } = await use(first);
      const guessed = writeToken('krt', first, newSecret('krt'));
      const { clientId = 'key', ...claimed } = other;
      for (const token of [first, successor, guessed])
        expect((await use({ ...token, ...claimed }, { clientId })).outcome).toBe('unknown');
      expect((await use(successor)).outcome).toBe('rotated');
      expect((await use(guessed)).outcome).toBe('reuse');
    },
  );

  it('RT-02 an id that was never given out is unknown, on days without a partition too', async () => {
    const { use, first } = await newFamily();
    const { proof } = first;
    for (const at of [0, Date.now(), Date.now() + 400 * DAY * 1000])
      expect((await use(writeToken('krt', { id: newId(at), ...user, proof }, newSecret('krt')))).outcome).toBe(
        'unknown',
      );
  });

  it('RT-06 what only names a family is unknown, and ends nothing', async () => {
    const { first, use } = await newFamily();
    const forge = (proof: string) => writeToken('krt', { ...first, proof }, newSecret('krt'));
    const forged = [forge(randomUUID()), forge(first.id), forge(sub)];
    for (const token of forged) expect((await use(token)).outcome).toBe('unknown');
    let token = first;
    for (let generation = 0; generation < 3; generation++) {
      const { outcome, successor } = await use(token);
      expect([outcome, successor.proof]).toEqual(['rotated', first.proof]);
      for (const guess of forged) expect((await use(guess)).outcome).toBe('unknown');
      token = successor;
    }
    // Of the family, and neither its newest nor the one before: this is reuse.
    expect((await use(forge(first.proof))).outcome).toBe('reuse');
    expect((await use(token)).outcome).toBe('revoked');
  });

  it('RV-02 a revoked family gives nothing more', async () => {
    const { first, use } = await newFamily();
    const { successor } = await use(first);
    await revokeFamily(one, organizationId, first.id, new Date());
    expect((await use(successor)).outcome).toBe('revoked');
    expect((await use(first)).outcome).toBe('revoked');
  });

  it('MT-41 a pooled connection keeps no organization, after an error neither', async () => {
    const single = await database.connect('token', { poolSize: 1 });
    const count = async () => {
      const [row] = await query<{ count: string }>(single, 'count', 'SELECT count(*) FROM refresh_families', []);
      return Number(row?.count);
    };
    const { first } = await newFamily();
    expect(await findFamily(single, organizationId, first.id)).toBeDefined();
    expect(await count()).toBe(0);
    const nextYear = newId(Date.now() + 400 * DAY * 1000);
    const family = await stateOf(first.id);
    const signedIn = { applicationId: organizationId, grant: 'password' };
    await expect(
      insertFamily(single, {
        ...family!,
        ...signedIn,
        id: nextYear,
        proof: first.proof,
        absoluteExpiresAt: new Date(),
      }),
    ).rejects.toThrow(/no partition/);
    expect(await count()).toBe(0);
  });

  it('C-11 no column holds a token or its secret', async () => {
    const { first, use } = await newFamily();
    const { successor } = await use(first);
    const { rows } = await asAdmin(database.adminUrl, (admin) =>
      admin.query('SELECT * FROM token.refresh_families WHERE id = $1', [first.id]),
    );
    const stored = Object.values(rows[0] as object).map((value) =>
      Buffer.isBuffer(value) ? value : Buffer.from(String(value)),
    );
    for (const { text, secret, proof } of [first, successor])
      for (const secretly of [text, secret, proof, Buffer.from(hexOf(proof), 'hex')])
        expect(stored.some((value) => value.includes(secretly))).toBe(false);
  });
});

describe('RT-03 scopes', () => {
  it('RT-03 a use tells what was granted first, whatever is asked for', async () => {
    const { first, use } = await newFamily();
    const granted = { scope: 'default more', authTime: expect.any(Number) as number, amr: ['pwd'], sessionId: null };
    const { rotated, successor } = await use(first, { scope: ['more'] });
    expect(rotated).toEqual({ outcome: 'rotated', kept: null, ...granted });
    expect((await use(first)).rotated).toMatchObject({ outcome: 'retry', ...granted });
    expect((await use(successor, { keep: true })).rotated).toEqual({ outcome: 'kept', kept: null, ...granted });
  });

  it('RT-03 more than was granted consumes nothing', async () => {
    const { first, use } = await newFamily();
    for (const scope of [['default', 'write'], ['mor'], ['default more']]) {
      const { rotated } = await use(first, { scope });
      const nothing = { kept: null, scope: null, authTime: null, amr: null, sessionId: null };
      expect(rotated).toEqual({ outcome: 'scope', ...nothing });
    }
    expect((await use(first, { scope: ['more', 'default'] })).outcome).toBe('rotated');
  });

  it('RT-03 RT-06 reuse is reuse, whatever is asked for', async () => {
    const { first, use } = await newFamily();
    const { successor } = await use(first);
    await use(successor);
    expect((await use(first, { scope: ['write'] })).outcome).toBe('reuse');
  });
});

describe('RT-10 a password that was changed', () => {
  it('RT-10 ends the families from before it alone', async () => {
    const { clock, first, use } = await newFamily();
    const signedIn = Math.floor(clock.now() / 1000);
    expect((await use(first, { notBefore: signedIn + 1 })).outcome).toBe('outdated');
    const { outcome, successor } = await use(first, { notBefore: signedIn });
    expect(outcome).toBe('rotated');
    expect((await use(first, { notBefore: signedIn + 1 })).outcome).toBe('outdated');
    expect((await use(successor, { notBefore: signedIn + 1, keep: true })).outcome).toBe('outdated');
    expect((await use(successor)).outcome).toBe('rotated');
  });
});

it('RT-01 a family of before an update is rotated after it, by an instance of before as well', async () => {
  const before = TOKEN_MIGRATIONS.slice(0, TOKEN_MIGRATIONS.indexOf(SessionOfAFamily1764060000000));
  const updated = await createTestDatabase([{ ...TOKEN_SCHEMA, migrations: before }]);
  const instance = await updated.connect('token', { poolSize: 1 });
  /** The statement that such an instance has prepared. */
  const rotate = async (token: RefreshToken, next: RefreshToken) => {
    const [row] = await query<{ outcome: string }>(
      instance,
      'rotate-as-before',
      `SELECT outcome, sealed, scope, auth_time::float8 AS "authTime", amr
       FROM rotate_refresh_family($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)`,
      [
        ...[organizationId, dayOf(token.id), token.id, 'key', sub, organizationId, hashToken(token.proof), token.hash],
        ...[null, 0, next.hash, Buffer.alloc(1), new Date(), DAY, 10],
      ],
    );
    return row?.outcome;
  };
  const { clock, first } = await newFamily({ dataSource: instance });
  const [second, third] = [first, first].map((token) => writeToken('krt', token, newSecret('krt')));
  expect(await rotate(first, second!)).toBe('rotated');
  await migrate({ adminUrl: updated.adminUrl, service: TOKEN_SCHEMA });
  expect(await rotate(second!, third!)).toBe('rotated');
  expect((await use(clock, third!, { dataSource: instance })).rotated).toMatchObject({ sessionId: null });
  expect((await newFamily({ dataSource: instance })).first.text).toMatch(/^krt_/);
  await updated.drop();
});

describe('D.4 isolation', () => {
  it('D.4 7 every table of the schema is inside the tenant rule', async () => {
    expect(await checkIsolation(database.adminUrl, ['token'], TOKEN_EXCEPTIONS)).toEqual([]);
  });
});

describe('partitions', () => {
  const partitions = () =>
    asAdmin(database.adminUrl, async (admin) => {
      const sql = `SELECT inhrelid::regclass::text AS part FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
        WHERE inhparent::regclass::text LIKE 'token.%' AND relkind = 'r'
          AND inhrelid::regclass::text ~ '_[0-9]{8}$' ORDER BY 1`;
      return (await admin.query<{ part: string }>(sql)).rows.map(({ part }) => part);
    });
  const log = { info: () => undefined, error: () => undefined } as never;

  it('D.4 5 are made ahead, one a transaction, by many instances that start at once without harm', async () => {
    const there = await partitions();
    await asAdmin(database.adminUrl, (admin) => admin.query(`DROP TABLE ${there.join()}`));
    const keepers = [one, two, one, two].map((by) => new Partitions(by, { refreshFamilyLifetime: 90 * DAY }, log));
    await Promise.all(keepers.map((keeper) => keeper.start()));
    keepers.forEach((keeper) => keeper.stop());
    const made = await partitions();
    expect(made).toEqual(there);
    expect(made).toHaveLength(40);
    for (const ahead of [-1, 0, 1, 2, 3]) {
      const day = new Date(Date.now() + ahead * DAY * 1000).toISOString().slice(0, 10).replaceAll('-', '');
      expect(made).toContain(`token.refresh_families_${day}`);
    }
  });

  it('D.4 5 are under the same policy as their parent and open to nobody', async () => {
    const part = (await partitions())[0]!;
    await expect(query(one, 'direct', `SELECT * FROM ${part}`, [])).rejects.toThrow(/permission denied/);
    const { rows } = await asAdmin(database.adminUrl, (admin) =>
      admin.query(
        `SELECT relname FROM pg_class c WHERE relispartition AND relkind = 'r' AND NOT (relrowsecurity AND relforcerowsecurity
           AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid AND polqual IS NOT NULL AND polwithcheck IS NOT NULL))`,
      ),
    );
    expect(rows).toEqual([]);
  });

  it('RT-09 are dropped past the life of their families, and no sooner', async () => {
    const keeper = new Partitions(one, { refreshFamilyLifetime: 90 * DAY }, log);
    const old = (days: number) => new Date(Date.now() - days * DAY * 1000).toISOString().slice(0, 10);
    const name = (table: string, day: string) => `${table}_${day.replaceAll('-', '')}`;
    await asAdmin(database.adminUrl, async (admin) => {
      await admin.query('SET ROLE keyward_owner');
      for (const [table, days] of [
        ['refresh_families', 92],
        ['refresh_families', 93],
        ['access_tokens', 2],
        ['access_tokens', 3],
      ] as const)
        await admin.query(
          `CREATE TABLE token.${name(table, old(days))} PARTITION OF token.${table} FOR VALUES IN ('${old(days)}')`,
        );
    });
    const dropped = await keeper.drop();
    expect(dropped.sort()).toEqual([name('access_tokens', old(3)), name('refresh_families', old(93))]);
    expect(await keeper.drop()).toEqual([]);
  });

  it('D.4 1 of yesterday and later are safe from the role of the service', async () => {
    await query(one, 'drop-all', 'SELECT drop_partition(-1000)', []);
    const left = await partitions();
    expect(left.filter((part) => part.includes('refresh_families'))).toHaveLength(5);
    await expect(query(one, 'drop-one', `DROP TABLE ${left[0]!}`, [])).rejects.toThrow(/must be owner/);
  });
});
