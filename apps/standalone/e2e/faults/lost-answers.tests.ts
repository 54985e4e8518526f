import { type Answer, type Processes } from '@keyward/testing';
import { holdWrites } from './held-writes';

let processes: Processes;
const refresh = (token: string) => processes.deployment.token({ grant_type: 'refresh_token', refresh_token: token });
const signIn = async () => (await processes.deployment.passwordToken()).body.refresh_token as string;

/** What was done, and its answer lost. */
export function lostAnswers(started: () => Processes): void {
  describe('lost answers', () => {
    beforeAll(() => {
      processes = started();
    });

    describe('a crash after the commit and before the answer', () => {
      /** One successor, however often its predecessor is presented, and it works. */
      async function expectOneSuccessor(lost: string, retries: (() => Promise<Answer>)[]): Promise<void> {
        const successors: string[] = [];
        for (const retry of retries) {
          const { status, body } = await retry();
          expect(status).toBe(200);
          successors.push(body.refresh_token);
        }
        const [successor = ''] = successors;
        expect(new Set(successors)).toEqual(new Set([successor]));
        expect(successor).not.toBe(lost);
        expect((await refresh(successor)).status).toBe(200);
      }

      test('RT-05 of the token service: 503, and the refresh can be retried', async () => {
        const { services, postgres } = processes;
        const token = await signIn();
        let answer: Promise<Answer> | undefined;
        await holdWrites(postgres.adminUrl, 'token.refresh_families', async (waiting) => {
          answer = refresh(token);
          await waiting(1);
          services.token.forEach((instance) => instance.signal('SIGSTOP'));
        });
        await Promise.all(services.token.map((instance) => instance.kill('SIGKILL')));
        expect(await answer).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });

        await Promise.all(services.token.map((instance) => instance.start()));
        await expectOneSuccessor(token, [() => refresh(token), () => refresh(token)]);
      });

      test('RT-05 of the gateway: the refresh can be retried at another', async () => {
        const { services, postgres, gatewayUrls, deployment } = processes;
        const token = await signIn();
        const at = (gateway: number) =>
          deployment.send(`${gatewayUrls[gateway]}/token`, {
            form: { grant_type: 'refresh_token', refresh_token: token },
            basic: deployment.basic,
          });
        const [first] = services.gateway;
        let answer: Promise<unknown> | undefined;
        await holdWrites(postgres.adminUrl, 'token.refresh_families', async (waiting) => {
          answer = at(0).catch((error: unknown) => error);
          await waiting(1);
          first?.signal('SIGSTOP');
        });
        await first?.kill('SIGKILL');
        expect(await answer).toBeInstanceOf(Error);

        await first?.start();
        await expectOneSuccessor(token, [() => at(1), () => at(0)]);
      });
    });

    describe('no failure is counted twice', () => {
      const create = async (path: string, json: object) => {
        const { deployment } = processes;
        const organization = `/api/v1/organizations/${deployment.demo.organization}`;
        const { status, body } = await deployment.send(organization + path, { bearer, json });
        expect(status).toBe(201);
        return body;
      };
      const makeClient = async (name: string): Promise<[string, string]> => {
        await create('/applications', { name });
        const { key, consumerSecret } = await create(`/applications/${name}/keys`, { kind: 'production' });
        return [key.consumerKey, consumerSecret];
      };
      let bearer: string;
      beforeAll(async () => {
        const { consumerKey, consumerSecret, username, password } = processes.deployment.demo.admin;
        const { body } = await processes.deployment.send('/token', {
          form: { grant_type: 'password', username, password, scope: 'keyward:manage' },
          basic: [consumerKey, consumerSecret],
        });
        bearer = body.access_token;
      });

      /** Ends an instance while these are being counted; how they were answered. */
      async function killWhileCounting(
        name: 'token' | 'key-manager' | 'directory',
        table: string,
        attempts: (() => Promise<Answer>)[],
      ): Promise<number[]> {
        const [instance] = processes.services[name];
        let answers: Promise<Answer>[] = [];
        await holdWrites(processes.postgres.adminUrl, table, async (waiting) => {
          answers = attempts.map((attempt) => attempt());
          await waiting(attempts.length);
          await instance?.kill('SIGKILL');
        });
        const [all] = await Promise.all([Promise.all(answers), instance?.start()]);
        return all.map(({ status }) => status);
      }

      test.each(['directory', 'token'] as const)('BF-01 wrong passwords, a %s killed: four are four', async (name) => {
        const { deployment } = processes;
        const username = `of-${name}`;
        const { password } = await create('/users', { username });
        const attempt = (basic: [string, string], tried: string) =>
          deployment.send('/token', {
            form: {
              grant_type: 'password',
              username: `${username}@${deployment.demo.organization}`,
              password: tried,
            },
            basic,
          });

        // Those of one client could be one statement.
        const clients = await Promise.all([1, 2, 3, 4].map((n) => makeClient(`${username}-${n}`)));
        // Nothing is read for the first time when they are to be held up, all within the time that a statement has.
        for (const basic of clients) expect((await attempt(basic, password)).status).toBe(200);
        const wrong = clients.map((basic) => () => attempt(basic, 'wrong'));
        const statuses = await killWhileCounting(name, 'directory.client_attempts', wrong);
        expect([400, 503]).toEqual(expect.arrayContaining(statuses));
        for (const basic of clients) expect((await attempt(basic, password)).status).toBe(200);
      });

      test.each(['key-manager', 'token'] as const)('BF-20 wrong secrets, a %s killed: ten are ten', async (name) => {
        const { deployment } = processes;
        const clients = ['/token', '/introspect', '/revoke'].map(async (path) => {
          const [consumerKey, consumerSecret] = await makeClient(`${path.slice(1)}-${name}`);
          const attempt = (secret: string, at = path) =>
            deployment.send(at, {
              form: { grant_type: 'client_credentials', token: 'any' },
              basic: [consumerKey, secret],
            });
          for (let i = 0; i < 8; i++) expect((await attempt('wrong')).status).toBe(401);
          return { wrong: () => attempt('wrong'), right: () => attempt(consumerSecret, '/token') };
        });
        const all = await Promise.all(clients);

        // Not more than an instance has connections for: what waits behind another statement cannot be seen to wait.
        const three = all.map(({ wrong }) => wrong);
        const statuses = await killWhileCounting(name, 'key_manager.failure_buckets', three);
        expect([401, 503]).toEqual(expect.arrayContaining(statuses));
        for (const { right, wrong } of all) {
          expect((await right()).status).toBe(200);
          expect((await wrong()).status).toBe(401);
          expect((await wrong()).status).toBe(429);
        }
      });
    });
  });
}
