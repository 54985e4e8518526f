import type { Answer, Processes } from '@keyward/testing';
import { setTimeout as pause } from 'node:timers/promises';
import { expectUnavailable, failed, GRANTS, underLoad, type GrantType, type Sample } from './load';

let processes: Processes;
/** Some go away, or PostgreSQL or NATS. */
export function outages(started: () => Processes): void {
  describe('outages', () => {
    beforeAll(() => {
      processes = started();
    });

    describe('SIGTERM', () => {
      test.each(['token', 'key-manager', 'directory', 'gateway'] as const)(
        'of one %s after the other, each started again: not one request fails',
        async (name) => {
          const samples = await underLoad(processes, async (load) => {
            for (const instance of processes.services[name]) {
              expect(await instance.kill('SIGTERM')).toBe(0);
              await load.progress();
              await instance.start();
              await load.progress();
            }
          });
          expect(failed(samples)).toEqual([]);
        },
      );
    });

    test('an instance that knows no organization yet takes no requests from the other', async () => {
      const { deployment, services } = processes;
      const [newcomer] = services.token;
      await newcomer?.kill('SIGTERM');
      const before = newcomer?.output.length;
      services.directory.forEach((instance) => instance.signal('SIGSTOP'));
      try {
        newcomer?.spawn();
        while (!newcomer?.output.slice(before).includes('"ready"')) await pause(20);
        const answers = Array.from({ length: 20 }, () => deployment.token({ grant_type: 'client_credentials' }));
        expect(new Set((await Promise.all(answers)).map(({ status }) => status))).toEqual(new Set([200]));
      } finally {
        services.directory.forEach((instance) => instance.signal('SIGCONT'));
      }
    });

    test('DR-06 a client that ends itself while the catalog is away is told to ask again, and then leaves no subscription', async () => {
      const { deployment, services } = processes;
      const { organization: org, admin } = deployment.demo;
      const form = {
        grant_type: 'password',
        username: admin.username,
        password: admin.password,
        scope: 'keyward:manage',
      };
      const basic: [string, string] = [admin.consumerKey, admin.consumerSecret];
      const { access_token } = (await patiently(() => deployment.send('/token', { form, basic }), 200)).body;
      const manage = async (method: 'GET' | 'POST' | 'PATCH', path: string, json?: object) => {
        const bearer = access_token as string;
        return (await deployment.send(`/api/v1/organizations/${org}${path}`, { method, json, bearer })).body;
      };
      const api = { name: 'ended', version: '1.0', context: '/ended', upstreams: { production: 'http://127.0.0.1:9' } };
      await manage('POST', '/apis', {
        ...api,
        resources: [{ verb: 'GET', template: '/*', authentication: 'any', scopes: [] }],
      });
      await manage('POST', '/apis/ended/state', { state: 'PUBLISHED' });
      await manage('PATCH', '', { clientRegistration: 'token' });
      const bearer = (await manage('POST', '/initial-access-tokens', {})).initialAccessToken as string;
      const json = { client_name: 'Robot', grant_types: ['client_credentials'] };
      const register = () => deployment.send(`/t/${org}/oauth2/register`, { json, bearer });
      const { body: client } = await patiently(register, 201);
      const { applicationId } = await manage('GET', `/registered-clients/${client.client_id}`);
      await manage('POST', '/subscriptions', { application: applicationId, api: 'ended' });
      const subscriptions = async () => (await manage('GET', '/subscriptions?api=ended')).items as object[];
      expect(await subscriptions()).toHaveLength(1);

      const uri = client.registration_client_uri as string;
      const ask = (method: 'GET' | 'DELETE') =>
        deployment.send(uri, { method, bearer: client.registration_access_token as string });
      services.catalog.forEach((instance) => instance.signal('SIGSTOP'));
      try {
        expect((await ask('DELETE')).status).toBe(503);
      } finally {
        services.catalog.forEach((instance) => instance.signal('SIGCONT'));
      }
      expect((await patiently(() => ask('GET'), 200)).status).toBe(200);
      await patiently(() => ask('DELETE'), 204);
      expect(await subscriptions()).toEqual([]);
    });

    describe('SIGKILL', () => {
      /** A wrong secret and a wrong password are counted, and a token may have been issued: these are not sent again. */
      const costs: [name: 'token' | 'key-manager' | 'directory', grants: GrantType[]][] = [
        ['token', ['client_credentials', 'refresh_token', 'password']],
        ['key-manager', ['client_credentials', 'refresh_token', 'password']],
        ['directory', ['password']],
      ];

      test.each(costs)('of one %s costs what was inside it of %j, answered 503 in time', async (name, grants) => {
        const [instance] = processes.services[name];
        let hungMs = 0;
        const samples = await underLoad(processes, async (load) => {
          // What it is sent while it hangs is inside it when it dies.
          const from = Date.now();
          instance?.signal('SIGSTOP');
          await load.stuck(grants);
          await instance?.kill('SIGKILL');
          hungMs = Date.now() - from;
          await load.steady();
          await instance?.start();
          await load.progress();
        });

        const failures = failed(samples);
        expect(failures.length).toBeGreaterThan(0);
        expectUnavailable(failures);
        // Where it hung for about half of the time that a call has, what may be sent again may have gone to it again.
        const lost = hungMs < 1000 ? grants : GRANTS;
        expect(lost).toEqual(expect.arrayContaining(failures.map(({ grant }) => grant)));
        // A client had one request inside at most: its next one, a refresh with the same token as before, was answered.
        expect(new Set(failures.map(({ client }) => client)).size).toBe(failures.length);
      });
    });

    describe('SIGSTOP', () => {
      test('of one token for a while: what was sent to it meanwhile is not done any more, and breaks no family', async () => {
        const [instance] = processes.services.token;
        const samples = await underLoad(processes, async (load) => {
          instance?.signal('SIGSTOP');
          await load.progress(GRANTS, 503);
          await pause(1000); // Who has got a 503 tries again, and goes on.
          instance?.signal('SIGCONT');
          await load.steady();
        });
        expectUnavailable(failed(samples));
      });
    });

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
      ])(
        '%s: what needs it is answered 503 in time, until it is back; JWTs of clients go on',
        async (_how, away, back) => {
          const { all, during } = await outage(away, back, needIt);
          expectUnavailable(failed(all));
          expect(grantsOf(failed(all))).toEqual(new Set(needIt));
          expect(grantsOf(during.filter(({ status }) => status === 200))).toEqual(new Set(['client_credentials']));
        },
      );
    });
  });
}

/** Asks until it is answered like this: instances learn of a change one after the other, and may have been away. */
async function patiently(ask: () => Promise<Answer>, status: number): Promise<Answer> {
  const end = Date.now() + 20_000;
  for (;;) {
    const answer = await ask();
    if (answer.status === status || Date.now() > end) return answer;
    await pause(100);
  }
}
