import type { Processes } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Browser from '../support/browser';
import type * as Foreign from '../support/foreign-server';
import type * as Operator from '../support/operator';

let processes: Processes;
let server: Foreign.ForeignServer;
let userId: string;
/** How often the client was told before the service came back. */
let before: number;

/** Clients are told of a logout: begun here, and again once a notice that nobody ends is over, `meanwhile` being what takes longer. */
export function logoutNotices(started: () => Processes, meanwhile: () => void): void {
  describe('logout notices', () => {
    beforeAll(async () => {
      processes = started();
      server = await jest.requireActual<typeof Foreign>('../support/foreign-server').foreignServer();
    });
    afterAll(() => server.close());

    test('BL-04 the token service is killed while it tells a client of a logout', async () => {
      const { codeFor, REDIRECT_URI, Visitor } = jest.requireActual<typeof Browser>('../support/browser');
      const { makeKey, makeOrganization, makeUser } = jest.requireActual<typeof Operator>('../support/operator');
      server.answers['/logout'] = { hangs: true };
      const org = await makeOrganization();
      const settings = { redirectUris: [REDIRECT_URI], backchannelLogoutUri: `${server.url}/logout` };
      const [user, key] = [await makeUser(org), await makeKey(org, settings)];
      userId = user.id;
      const visitor = new Visitor();
      await key.token(await codeFor(org, key, user, { scope: 'openid' }, visitor));
      await visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
      await hear(1);
      await Promise.all(processes.services.token.map((instance) => instance.kill('SIGKILL')));
      server.answers['/logout'] = {};
      before = server.posted.length;
      await Promise.all(processes.services.token.map((instance) => instance.start()));
    });

    meanwhile();

    test('BL-04 the client has been told after all, of the same session', async () => {
      await hear(before + 1);
      const claims = server.posted.map(({ body }) => decodeJwt(new URLSearchParams(body).get('logout_token') ?? ''));
      expect(new Set(claims.map(({ sub }) => sub))).toEqual(new Set([userId]));
      expect(new Set(claims.map(({ sid }) => sid)).size).toBe(1);
    });
  });
}

async function hear(count: number): Promise<void> {
  while (server.posted.length < count) await pause(50);
}
