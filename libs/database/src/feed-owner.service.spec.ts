import { feed, type Change } from '@keyward/contracts';
import { createTestDatabase, type TestDatabase } from '@keyward/testing';
import type { DataSource } from 'typeorm';
import { appendChange, FeedOwner, inTransaction, query, type Publisher } from './index';
import { notes } from './notes.fixture';

interface Note {
  text: string;
}

const WRITERS = 20;
let database: TestDatabase;
let dataSource: DataSource;
let count = 0;

beforeAll(async () => {
  database = await createTestDatabase([notes]);
  dataSource = await database.connect('notes', { poolSize: WRITERS + 2 });
});
afterAll(() => database.drop());

/** A feed of its own for each test, and all that its owner says. */
function newFeed() {
  const subject = feed<Note>(`notes.spec-${++count}`);
  const said: { subject: string; payload: object }[] = [];
  const publisher: Publisher = { publish: ({ subject }, payload) => void said.push({ subject, payload }) };
  const records = new Map<string, Note>();
  const owner = new FeedOwner<Note>(dataSource, publisher, subject, (after = '', limit) =>
    Promise.resolve(
      [...records]
        .map(([id, record]) => ({ id, record }))
        .filter(({ id }) => id > after)
        .slice(0, limit),
    ),
  );
  const append = (id: string, record: Note | null) =>
    inTransaction(dataSource, (manager) => appendChange(manager, subject, id, record));
  const positions = () =>
    said.flatMap(({ subject: at, payload }) => (at === subject.changed.subject ? [(payload as Change).position] : []));
  return { feed: subject, owner, append, said, positions, records };
}

const upTo = (n: number) => Array.from({ length: n }, (_, i) => i + 1);
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe('positions', () => {
  it('count up without a gap under concurrent writers, some of which fail, and become visible in their order', async () => {
    const { feed: subject, owner } = newFeed();
    const seen: number[] = [];
    let done = false;
    const reader = (async () => {
      while (!done) {
        const { changes, gone } = await owner.since({ position: seen.length });
        expect(gone).toBe(false);
        seen.push(...changes.map(({ position }) => position));
      }
    })();
    const write = async (writer: number) => {
      for (let i = 0; i < 10; i++)
        await inTransaction(dataSource, async (manager) => {
          await pause(Math.random() * 3); // Transactions begin in one order and commit in another.
          await appendChange(manager, subject, `${writer}`, { text: `${i}` });
          await pause(Math.random() * 2);
          if (i % 5 === 4) throw new Error('rolled back');
        }).catch((error: unknown) => {
          if ((error as Error).message !== 'rolled back') throw error;
        });
    };
    await Promise.all(upTo(WRITERS).map(write));
    await pause(20);
    done = true;
    await reader;
    const { changes } = await owner.since({ position: seen.length });
    expect([...seen, ...changes.map(({ position }) => position)]).toEqual(upTo(WRITERS * 8));
  }, 30_000);

  it('keep a writer’s own changes of a record in their order', async () => {
    const { owner, append } = newFeed();
    await append('one', { text: 'first' });
    await append('one', null);
    expect((await owner.since({ position: 0 })).changes).toEqual([
      { position: 1, id: 'one', record: { text: 'first' } },
      { position: 2, id: 'one', record: null },
    ]);
  });
});

describe('publishing', () => {
  it('says every change once and in order, however many writers ask for it', async () => {
    const { owner, append, positions } = newFeed();
    await owner.start();
    await Promise.all(upTo(150).map((n) => append(`${n}`, { text: '' }).then(() => owner.publishNew())));
    await owner.publishNew();
    owner.stop();
    expect([...new Set(positions())]).toEqual(upTo(150));
    expect(positions()).toEqual([...positions()].sort((a, b) => a - b));
  });

  it('tells by its heartbeat of a change that nobody has published', async () => {
    const { owner, append, said, feed: subject } = newFeed();
    await owner.start();
    await append('one', { text: '' });
    while (!said.some(({ payload }) => (payload as { position: number }).position === 1)) await pause(20);
    owner.stop();
    expect(said.filter(({ subject: at }) => at !== subject.heartbeat.subject)).toEqual([]);
  });
});

describe('asking', () => {
  it('answers the changes since a position in pages of 100', async () => {
    const { owner, append } = newFeed();
    for (const n of upTo(130)) await append(`${n}`, { text: '' });
    const first = await owner.since({ position: 0 });
    expect([first.changes.length, first.more]).toEqual([100, true]);
    const second = await owner.since({ position: 100 });
    expect([second.changes.map(({ position }) => position), second.more]).toEqual([upTo(130).slice(100), false]);
    expect(await owner.since({ position: 130 })).toEqual({ changes: [], more: false, gone: false });
  });

  it('keeps a page of large records under the wire’s limit', async () => {
    const { owner, append, records } = newFeed();
    for (const n of upTo(5)) {
      await append(`${n}`, { text: 'x'.repeat(100_000) });
      records.set(`${n}`, { text: 'x'.repeat(100_000) });
    }
    const { changes, more } = await owner.since({ position: 0 });
    expect([changes.length, more]).toEqual([2, true]);
    const page = await owner.snapshot({ limit: 500 });
    expect([page.records.length, page.more]).toEqual([2, true]);
  });

  it('says that changes are gone once they were trimmed, and to those who know of more than there is', async () => {
    const { owner, append, feed: subject } = newFeed();
    for (const n of upTo(4)) await append(`${n}`, { text: '' });
    await query(dataSource, 'spec-trim', `DELETE FROM feed_changes WHERE feed = $1 AND position <= 2`, [subject.name]);
    expect((await owner.since({ position: 1 })).gone).toBe(true);
    expect((await owner.since({ position: 2 })).changes.map(({ position }) => position)).toEqual([3, 4]);
    expect((await owner.since({ position: 5 })).gone).toBe(true);
  });

  it('keeps the last 10,000 changes of the last day', async () => {
    const { owner, feed: subject } = newFeed();
    const changes = `INSERT INTO feed_changes SELECT $1, n, 'one', '{}', now() FROM generate_series(1, 10004) AS n`;
    await query(dataSource, 'spec-changes', changes, [subject.name]);
    await query(dataSource, 'spec-position', `INSERT INTO feed_positions VALUES ($1, 10004)`, [subject.name]);
    const isGone = async (position: number) => (await owner.since({ position })).gone;
    await owner.trim();
    expect([await isGone(3), await isGone(4)]).toEqual([true, false]);
    const age = `UPDATE feed_changes SET at = now() - interval '25 hours' WHERE feed = $1 AND position <= 9000`;
    await query(dataSource, 'spec-age', age, [subject.name]);
    await owner.trim();
    expect([await isGone(8999), await isGone(9000)]).toEqual([true, false]);
  });

  it('pages through a snapshot, with the position from before it', async () => {
    const { owner, append, records } = newFeed();
    for (const id of ['a', 'b', 'c']) {
      records.set(id, { text: id });
      await append(id, { text: id });
    }
    expect(await owner.snapshot({ limit: 2 })).toEqual({
      position: 3,
      records: [
        { id: 'a', record: { text: 'a' } },
        { id: 'b', record: { text: 'b' } },
      ],
      more: true,
    });
    expect(await owner.snapshot({ after: 'b', limit: 2 })).toMatchObject({ records: [{ id: 'c' }], more: false });
    expect(await owner.position()).toEqual({ position: 3 });
  });
});
