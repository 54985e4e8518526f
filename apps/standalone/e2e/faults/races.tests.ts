import type { Answer, Processes, ServiceName } from '@keyward/testing';
import { randomUUID } from 'node:crypto';
import type * as Assertion from '../support/assertion';
import type * as Browser from '../support/browser';
import type * as Device from '../support/device';
import type * as Operator from '../support/operator';

/** Those that log. */
export const SERVICES: ServiceName[] = ['gateway', 'token', 'directory', 'key-manager', 'catalog'];
let processes: Processes;
/** A form to one of the gateways, as the demo's client or another. */
function post(path: string, form: Record<string, string>, at = 0, basic?: [string, string] | null): Promise<Answer> {
  const { consumerKey, consumerSecret } = processes.access.demo;
  const url = processes.gatewayUrls[at % processes.gatewayUrls.length] ?? '';
  const by = basic === undefined ? ([consumerKey, consumerSecret] as [string, string]) : (basic ?? undefined);
  return processes.deployment.send(`${url}${path}`, { form, basic: by });
}
/** So many at once, in turn to each of the gateways: those that were given something, where all others were refused with this. */
async function raced(count: number, send: (at: number) => Promise<Answer>, error = 'invalid_grant'): Promise<Answer[]> {
  const answers = await Promise.all(Array.from({ length: count }, (_, i) => send(i)));
  const refused = answers.filter(({ status }) => status !== 200);
  expect(new Set(refused.map(({ body }) => body.error as string))).toEqual(new Set([error]));
  return answers.filter(({ status }) => status === 200);
}
const signIn = async () => {
  const { username, password } = processes.access.demo;
  const { body } = await post('/token', { grant_type: 'password', username, password });
  return body as { access_token: string; refresh_token: string };
};
const refresh = (token: string, at = 0) => post('/token', { grant_type: 'refresh_token', refresh_token: token }, at);
const isActive = async (token: string, at = 0) => (await post('/introspect', { token }, at)).body.active === true;

/** What is good once is good once, whichever instances are asked. */
export function races(started: () => Processes): void {
  describe('three processes of each service', () => {
    beforeAll(() => {
      processes = started();
    });
    it('RT-07 abuse 13 fifty uses of a refresh token at once get one successor, and the family has one living leaf', async () => {
      const { refresh_token: token } = await signIn();
      const answers = await Promise.all(Array.from({ length: 50 }, (_, i) => refresh(token, i)));
      expect([...new Set(answers.map(({ status }) => status))]).toEqual([200]);
      const [successor = '', ...others] = new Set(answers.map(({ body }) => body.refresh_token as string));
      expect(others).toEqual([]);
      expect(await isActive(successor, 1)).toBe(true);
      expect(await isActive(token, 2)).toBe(false);
    });

    it('abuse 13 uses and revocations of one family at once leave nothing alive', async () => {
      const { refresh_token: token } = await signIn();
      const answers = await Promise.all(
        Array.from({ length: 30 }, (_, i) => (i === 10 ? post('/revoke', { token }, i) : refresh(token, i))),
      );
      expect(answers.map(({ status }) => status).filter((status) => status >= 500)).toEqual([]);
      for (const { body } of answers)
        if (body.refresh_token) expect(await isActive(body.refresh_token as string)).toBe(false);
      expect((await refresh(token, 1)).status).toBe(400);
    });

    it('AC-03 a code is good once, and what it gave when it came again and again is over', async () => {
      const { codeFor, REDIRECT_URI } = jest.requireActual<typeof Browser>('../support/browser');
      const { makeKey, makeUser } = jest.requireActual<typeof Operator>('../support/operator');
      const { organization } = processes.access.demo;
      const [user, key] = [await makeUser(organization), await makeKey(organization, { redirectUris: [REDIRECT_URI] })];
      const form = await codeFor(organization, key, user);
      const given = await raced(24, (at) => post('/token', form, at, key.basic));
      expect(given).toHaveLength(1);
      const { access_token: token, refresh_token } = given[0]?.body as { access_token: string; refresh_token: string };
      for (const at of [0, 1, 2]) {
        expect((await post('/introspect', { token }, at, key.basic)).body).toEqual({ active: false });
        const refused = await post('/token', { grant_type: 'refresh_token', refresh_token }, at, key.basic);
        expect([refused.status, refused.body.error]).toEqual([400, 'invalid_grant']);
      }
    });

    it('DV-03 a device code is good once', async () => {
      const { answerDevice, DEVICE_CODE, startDevice } = jest.requireActual<typeof Device>('../support/device');
      const { makeKey, makeUser } = jest.requireActual<typeof Operator>('../support/operator');
      const { organization } = processes.access.demo;
      const [user, key] = [await makeUser(organization), await makeKey(organization, { grantTypes: [DEVICE_CODE] })];
      const waiting = await startDevice(key);
      await answerDevice(waiting, user);
      const form = { grant_type: DEVICE_CODE, device_code: waiting.device_code };
      expect(await raced(24, (at) => post('/token', form, at, key.basic))).toHaveLength(1);
    });

    it('CA-23 abuse 22 an assertion proves its client once', async () => {
      const { assertionOf, pairOf } = jest.requireActual<typeof Assertion>('../support/assertion');
      const { makeKey } = jest.requireActual<typeof Operator>('../support/operator');
      const { issuer, organization } = processes.access.demo;
      const pair = await pairOf();
      const { consumerKey } = await makeKey(organization, {
        ...{ tokenEndpointAuthMethod: 'private_key_jwt', jwks: { keys: [pair.jwk] } },
        grantTypes: ['client_credentials'],
      });
      const form = { grant_type: 'client_credentials', ...(await assertionOf(consumerKey, issuer, pair)) };
      // No more than a client may fail in a minute.
      expect(await raced(9, (at) => post('/token', form, at, null), 'invalid_client')).toHaveLength(1);
    });

    it('JB-01 abuse 22 an assertion of a user is taken once', async () => {
      const { now, pairOf, signed } = jest.requireActual<typeof Assertion>('../support/assertion');
      const { makeKey, makeUser, manage } = jest.requireActual<typeof Operator>('../support/operator');
      const { issuer: aud, organization } = processes.access.demo;
      const grant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
      const [user, key, pair] = [
        await makeUser(organization),
        await makeKey(organization, { grantTypes: [grant] }),
        await pairOf(),
      ];
      const iss = 'https://hr.example';
      const users = [{ subject: '4711', userId: user.id }];
      await manage('POST', `/${organization}/trusted-issuers`, {
        ...{ name: 'hr', issuer: iss, jwks: { keys: [pair.jwk] }, users },
      });
      const claims = { iss, sub: '4711', aud, jti: randomUUID(), iat: now(), exp: now() + 60 };
      const form = { grant_type: grant, assertion: await signed(claims, pair) };
      expect(await raced(24, (at) => post('/token', form, at, key.basic))).toHaveLength(1);
    });

    it('abuse 49 write no secret to a log, not even at its most talkative', async () => {
      const { username, password, consumerSecret } = processes.access.demo;
      const tokens = await signIn();
      const { body } = await refresh(tokens.refresh_token);
      await post('/token', { grant_type: 'password', username, password: `${password}, a wrong one` });
      await post('/introspect', { token: body.access_token as string });
      await post('/revoke', { token: body.refresh_token as string });
      const get = new URLSearchParams({ grant_type: 'password', username, password });
      expect((await processes.deployment.send(`/token?${get.toString()}`)).status).toBe(405);
      const secrets = [password, consumerSecret, ...Object.values(tokens), ...Object.values(body)].filter(
        (text): text is string => typeof text === 'string' && text.length > 12,
      );
      for (const service of SERVICES)
        for (const { output } of processes.services[service]) {
          expect(output.length).toBeGreaterThan(0);
          for (const secret of secrets) expect(output.includes(secret)).toBe(false);
        }
    });
  });
}
