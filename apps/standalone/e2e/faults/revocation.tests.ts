import type { Processes } from '@keyward/testing';
import { decodeProtectedHeader } from 'jose';
import { setTimeout as pause } from 'node:timers/promises';
import type * as Browser from '../support/browser';
import { cutOff } from './cut-off.tests';
import {
  all,
  basic,
  closeMenu,
  manage,
  openMenu,
  ORG,
  processes,
  revoke,
  signIn,
  statuses,
  tell,
  until,
  type Tokens,
} from './menu';

/** What is revoked is refused by every gateway, also by one that was cut off. */
export function revocation(started: () => Processes): void {
  describe('revocation', () => {
    beforeAll(() => openMenu(started()));
    afterAll(closeMenu);

    describe('RV-12 abuse 47: every gateway refuses', () => {
      const ends: [string, (username: string, tokens: Tokens) => Promise<unknown>][] = [
        ['an access token that was revoked', (_, tokens) => revoke(tokens.access_token)],
        ['the access token of a refresh token that was', (_, tokens) => revoke(tokens.refresh_token)],
        [
          'of a user with another password',
          (username) => manage('POST', `/${ORG}/users/${username}/reset-password`, {}),
        ],
        [
          'of a user who is disabled',
          (username) => manage('PATCH', `/${ORG}/users/${username}`, { state: 'disabled' }),
        ],
        ['of a user who is deleted', (username) => manage('DELETE', `/${ORG}/users/${username}`)],
        ['of a user whose grants were all ended', (username) => manage('DELETE', `/${ORG}/users/${username}/grants`)],
        [
          'JK-06 whatever was signed with a key that is revoked',
          (_, tokens) =>
            manage('POST', `/${ORG}/signing-keys/${decodeProtectedHeader(tokens.access_token).kid}/revoke`),
        ],
      ];
      it.each(ends)('%s', async (what, end) => {
        const username = `user-${ends.findIndex(([, one]) => one === end)}`;
        const tokens = await signIn(username);
        await end(username, tokens);
        tell(what, await until(all(401), tokens.access_token));
      });

      it('of a session that has ended', async () => {
        // What the modules of the suite speak to, from when they are loaded.
        process.env['KEYWARD_DEPLOYMENT'] = JSON.stringify(processes.access);
        const { codeFor, REDIRECT_URI } = jest.requireActual<typeof Browser>('../support/browser');
        const settings = { kind: 'production', redirectUris: [REDIRECT_URI] };
        const { key, consumerSecret } = await manage('POST', `/${ORG}/applications/shop/keys`, settings);
        const username = 'of-a-session';
        const { user, password } = await manage('POST', `/${ORG}/users`, { username });
        const who = { id: user.id as string, username, loginName: `${username}@${ORG}`, password: password as string };
        const form = await codeFor(ORG, key as { consumerKey: string }, who);
        const asKey: [string, string] = [key.consumerKey, consumerSecret];
        const { access_token: token } = (await processes.deployment.send('/token', { form, basic: asKey }))
          .body as Tokens;
        await until(all(200), token);
        const { items } = await manage('GET', `/${ORG}/users/${username}/sessions`);
        await manage('DELETE', `/${ORG}/users/${username}/sessions/${items[0].id}`);
        tell('of a session that has ended', await until(all(401), token));
      });

      it('of a consumer key that is deleted', async () => {
        const { key, consumerSecret } = await manage('POST', `/${ORG}/applications/shop/keys`, { kind: 'production' });
        const asKey: [string, string] = [key.consumerKey, consumerSecret];
        const form = { grant_type: 'client_credentials' };
        let token: string | undefined;
        while (!token) token = (await processes.deployment.send('/token', { form, basic: asKey })).body.access_token;
        await until(all(200), token);
        await manage('DELETE', `/${ORG}/keys/${key.consumerKey}`);
        tell('of a consumer key that is deleted', await until(all(401), token));
      });

      it('of an organization that is suspended, until it is not', async () => {
        const { access_token: token } = await signIn('of-a-suspended-one');
        await manage('PATCH', `/${ORG}`, { state: 'suspended' });
        const start = performance.now();
        while ((await statuses(token)).includes(200)) await pause(20);
        tell('of an organization that is suspended', Math.round(performance.now() - start));
        await manage('PATCH', `/${ORG}`, { state: 'active' });
        await until(all(200), token);
      });

      it('of a consumer key that is disabled, until it is enabled', async () => {
        const { access_token: token } = await signIn('of-a-key');
        await manage('PATCH', `/${ORG}/keys/${basic[0]}`, { state: 'disabled' });
        while ((await statuses(token)).includes(200)) await pause(20);
        await manage('PATCH', `/${ORG}/keys/${basic[0]}`, { state: 'active' });
        await until(all(200), token);
      });
    });

    describe('C-61 when NATS was away, what was revoked before and is revoked next is refused', () => {
      it.each([
        ['stopped and started again', () => processes.nats.stop(), () => processes.nats.start()],
        ['hung', () => processes.nats.pause(), () => processes.nats.resume()],
      ])('%s', async (how, away, back) => {
        const [before, after] = [await signIn(`before-${how.length}`), await signIn(`after-${how.length}`)];
        await revoke(before.access_token);
        await until(all(401), before.access_token);
        away();
        expect(await statuses(before.access_token)).toEqual(all(401));
        await pause(3000); // so long that every gateway has missed heartbeats
        expect(await statuses(after.access_token)).toEqual(all(200));
        back();
        while ((await revoke(after.access_token)).status !== 200) await pause(50);
        tell(`after NATS was ${how}`, await until(all(401), after.access_token));
        expect(await statuses(before.access_token)).toEqual(all(401));
      });

      it('a gateway that starts anew refuses it from its first answer', async () => {
        const { access_token: token } = await signIn('before-a-start');
        await revoke(token);
        await until(all(401), token);
        for (const gateway of processes.services.gateway) {
          await gateway.kill('SIGTERM');
          await gateway.start();
        }
        expect(await statuses(token)).toEqual(all(401));
      });
    });

    cutOff();
  });
}
