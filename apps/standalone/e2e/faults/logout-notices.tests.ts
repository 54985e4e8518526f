import type { Processes } from '@keyward/testing';
import { decodeJwt } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Browser from '../support/browser';
import type * as Foreign from '../support/foreign-server';
import type * as Operator from '../support/operator';

let processes: Processes;
let server: Foreign.ForeignServer;
/** Clients are told of a logout. */
export function logoutNotices(started: () => Processes): void {
  describe('logout notices', () => {
    beforeAll(async () => {
      processes = started();
      server = await jest.requireActual<typeof Foreign>('../support/foreign-server').foreignServer();
    });
    afterAll(() => server.close());

    test('BL-04 a client is told of a logout although the token service was killed over it', async () => {
      const { codeFor, REDIRECT_URI, Visitor } = jest.requireActual<typeof Browser>('../support/browser');
      const { makeKey, makeOrganization, makeUser } = jest.requireActual<typeof Operator>('../support/operator');
      const told = () => server.posted.length;
      const hear = async (count: number) => {
        while (told() < count) await pause(50);
      };
      server.answers['/logout'] = { hangs: true };
      const org = await makeOrganization();
      const settings = { redirectUris: [REDIRECT_URI], backchannelLogoutUri: `${server.url}/logout` };
      const [user, key] = [await makeUser(org), await makeKey(org, settings)];
      const visitor = new Visitor();
      await key.token(await codeFor(org, key, user, { scope: 'openid' }, visitor));
      await visitor.submit(await visitor.get(`/t/${org}/sign-out`), {});
      await hear(1);
      await Promise.all(processes.services.token.map((instance) => instance.kill('SIGKILL')));
      server.answers['/logout'] = {};
      const before = told();
      await Promise.all(processes.services.token.map((instance) => instance.start()));
      await hear(before + 1);
      const claims = server.posted.map(({ body }) => decodeJwt(new URLSearchParams(body).get('logout_token') ?? ''));
      expect(new Set(claims.map(({ sub }) => sub))).toEqual(new Set([user.id]));
      expect(new Set(claims.map(({ sid }) => sid)).size).toBe(1);
    });
  });
}
