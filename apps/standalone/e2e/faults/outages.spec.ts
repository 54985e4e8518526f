import { startProcesses, type Processes } from '@keyward/testing';
import { expectUnavailable, failed, GRANTS, underLoad, type GrantType, type Sample } from './load';

let processes: Processes;
beforeAll(async () => (processes = await startProcesses({ instances: 2 })));
afterAll(() => processes.stop());

/** Takes something away under load until these fail, and gives it back; `during` is what was sent and answered meanwhile. */
async function outage(away: () => unknown, back: () => unknown, failing: readonly GrantType[]) {
  let [from, to] = [0, 0];
  const all = await underLoad(processes, async (load) => {
    await away();
    from = Date.now();
    await load.progress(failing, 503);
    to = Date.now();
    await back();
    await load.steady();
    await load.progress();
  });
  return { all, during: all.filter(({ startedAt, ms }) => startedAt >= from && startedAt + ms <= to) };
}

const grantsOf = (samples: readonly Sample[]) => new Set(samples.map(({ grant }) => grant));

describe('NATS', () => {
  test.each([
    ['stops', () => processes.nats.stop(), () => processes.nats.start()],
    ['hangs', () => processes.nats.pause(), () => processes.nats.resume()],
  ])('%s: everything is answered 503 in time, until it is back', async (_how, away, back) => {
    const { all, during } = await outage(away, back, GRANTS);
    expectUnavailable(failed(all));
    expect(failed(during)).toEqual(during);
  });
});

describe('PostgreSQL', () => {
  /** A client and its signing key are in memory; a family, a user and the counters are not. */
  const needIt = ['refresh_token', 'password'] as const;

  test.each([
    ['crashes', () => processes.postgres.kill(), () => processes.postgres.restart()],
    ['hangs', () => processes.postgres.signal('SIGSTOP'), () => processes.postgres.signal('SIGCONT')],
  ])('%s: what needs it is answered 503 in time, until it is back; JWTs of clients go on', async (_how, away, back) => {
    const { all, during } = await outage(away, back, needIt);
    expectUnavailable(failed(all));
    expect(grantsOf(failed(all))).toEqual(new Set(needIt));
    expect(grantsOf(during.filter(({ status }) => status === 200))).toEqual(new Set(['client_credentials']));
  });
});
