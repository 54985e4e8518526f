import { setTimeout as pause } from 'node:timers/promises';
import { all, basic, manage, ORG, processes, revoke, signIn, tell, until } from './menu';

/** Long enough for all that is asked of a gateway while it is cut off, on a slow machine too. */
export const DEGRADED_LIMIT_S = 15;

/** One of the gateways knows of nothing new. */
export function cutOff(): void {
  describe('C-61 a gateway that is cut off from NATS', () => {
    const CUT_OFF = 2;
    const at = (gateway: number, path: string, bearer?: string) =>
      processes.deployment.send(`${processes.gatewayUrls[gateway]}${path}`, { bearer });
    const api = (path: string, bearer?: string) => at(CUT_OFF, `/t/${ORG}/menu/1${path}`, bearer);
    const readiness = async () => {
      const { status, body } = await at(CUT_OFF, '/health/ready');
      return [status, body.status];
    };
    const tokenOf = async (client: [string, string]): Promise<string> => {
      const form = { grant_type: 'client_credentials' };
      return (await processes.deployment.send('/token', { form, basic: client })).body.access_token as string;
    };
    const expectUnavailable = ({ status, headers, body }: Awaited<ReturnType<typeof api>>) =>
      expect([status, headers['retry-after'], body.code]).toEqual([503, '1', '900900']);

    it('RV-12 goes on with what it knows, refuses past its limit, and catches up with what was revoked meanwhile', async () => {
      const link = processes.links[CUT_OFF];
      const made = await manage('POST', `/${ORG}/applications/shop/keys`, {
        kind: 'production',
        tokenType: 'opaque',
      });
      const opaque: [string, string] = [made.key.consumerKey, made.consumerSecret];
      const { access_token: revoked } = await signIn('before-a-cut');
      const unseen = [await tokenOf(basic), await tokenOf(opaque)] as const;
      const known = await tokenOf(opaque);
      await until(all(200), known);

      link?.cut();
      expect((await api('/x', revoked)).status).toBe(200);
      expect((await api('/x', known)).status).toBe(200);
      expect((await api('/x', unseen[0])).status).toBe(200);
      expect((await api('/x', await tokenOf(basic))).status).toBe(200);
      expect((await api('/x', 'made-up')).status).toBe(401);
      expectUnavailable(await api('/x', unseen[1]));
      expect(await readiness()).toEqual([200, 'degraded']);

      const resource = (template: string, authentication: string) => ({
        ...{ verb: 'GET', template, authentication, scopes: [] },
      });
      const resources = [resource('/*', 'any'), resource('/open', 'none')];
      await manage('PATCH', `/${ORG}/apis/menu`, { resources });
      while ((await at(0, `/t/${ORG}/menu/1/open`)).status !== 200) await pause(20);
      await revoke(revoked);
      while ((await at(0, `/t/${ORG}/menu/1/x`, revoked)).status !== 401) await pause(20);
      expect((await api('/open')).status).toBe(401);
      expect((await api('/x', revoked)).status).toBe(200);
      expect(await readiness()).toEqual([200, 'degraded']);

      // What it knows, it has heard of at different moments: one thing is past its limit a little before another.
      for (const bearer of [unseen[0], revoked, 'made-up', undefined]) {
        while ((await api('/x', bearer)).status !== 503) await pause(100);
        expectUnavailable(await api('/x', bearer));
      }
      expect(await readiness()).toEqual([200, 'degraded']);

      link?.restore();
      while ((await api('/open')).status !== 200) await pause(20);
      tell('back from having been cut off', await until(all(401), revoked));
      for (const token of unseen) expect((await api('/x', token)).status).toBe(200);
      while ((await readiness())[1] !== 'ready') await pause(20);
    });
  });
}
