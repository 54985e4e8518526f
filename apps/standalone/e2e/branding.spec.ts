import { deployment } from '@keyward/testing';
import { randomInt } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizationUrl, pkce, REDIRECT_URI, Visitor } from './support/browser';
import { ask } from './support/management';
import {
  eventually,
  makeKey,
  makeOrganization,
  makeUser,
  manage,
  type TestKey,
  type TestUser,
} from './support/operator';
import { disc, png } from './support/picture';

const keyward = deployment();
const LOGO = disc(64, [122, 31, 61]).toString('base64');

let org: string;
let key: TestKey;
let user: TestUser;

beforeAll(async () => {
  org = await makeOrganization();
  [user, key] = await Promise.all([makeUser(org), makeKey(org, { redirectUris: [REDIRECT_URI] })]);
});

const request = (organization: string | undefined = org) =>
  authorizationUrl(organization, { client_id: key.consumerKey, code_challenge: pkce().challenge, scope: 'openid' });
const filesOf = (page: string) => ({
  style: /<link rel="stylesheet" href="([^"]+)"/.exec(page)?.[1] ?? '',
  logo: /<img class="logo" src="([^"]+)"/.exec(page)?.[1],
});
const showing = async (path: string, colour: string) =>
  eventually(async () => (await new Visitor().get(path)).text.includes(`pages.css?v=${colour}`));

it('an organization’s colour and logo are on all of its pages, also at the root, and on nobody else’s', async () => {
  await manage('PUT', `/${org}/branding`, { colour: '#7A1F3D', logo: LOGO });
  await showing(request(), '7a1f3d');
  const visitor = new Visitor();
  const signIn = await visitor.get(request());
  const consent = await visitor.submit(signIn, { username: user.username, password: user.password });
  const pages = [
    signIn,
    consent,
    await visitor.get(`/t/${org}/account`),
    await visitor.get(`/t/${org}/sign-out`),
    await new Visitor().get(request().replace('app.example', 'evil.example')),
    await new Visitor().get(`/t/${org}/account/nothing`),
    await new Visitor().get(`/t/${org}/authorize?a=%ff`),
  ];
  pages.push(await new Visitor().submit(await new Visitor().get(request(undefined)), {}).catch(() => signIn));
  const { style, logo = '' } = filesOf(signIn.text);
  for (const { text } of pages.filter(({ text }) => text.startsWith('<!doctype')))
    expect(filesOf(text)).toEqual({ style, logo });
  expect((await keyward.send(style)).text).toContain('--brand: #7a1f3d');
  const picture = await keyward.send(logo);
  expect([picture.status, picture.headers]).toEqual([
    200,
    expect.objectContaining({
      'content-type': 'image/png',
      'cache-control': 'public, max-age=31536000, immutable',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
    }),
  ]);
  const other = await makeOrganization();
  const elsewhere = await new Visitor().get(`/t/${other}/sign-in`);
  expect(filesOf(elsewhere.text)).toEqual({ style: `/t/${other}/pages.css`, logo: undefined });
  expect((await keyward.send(`/t/${other}/assets/logo`)).status).toBe(404);
});

it('AZ-07 a branded page still loads nothing from elsewhere, and weighs less than 30 KB with all it loads', async () => {
  const noisy = png(70, () => [randomInt(256), randomInt(256), randomInt(256), randomInt(256)]);
  expect(noisy.length).toBeGreaterThan(19 * 1024);
  await manage('PUT', `/${org}/branding`, { colour: '#123456', logo: noisy.toString('base64') });
  await showing(request(), '123456');
  const visitor = new Visitor();
  const signIn = await visitor.get(request());
  const consent = await visitor.submit(signIn, { username: user.username, password: user.password });
  for (const page of [signIn, consent, await visitor.get(`/t/${org}/account`)]) {
    expect(page.headers['content-security-policy']).toMatch(
      /default-src 'none'; style-src 'self'; img-src 'self' data:;/,
    );
    const loaded = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, url = '']) => url.split('?')[0] ?? '');
    for (const url of loaded) expect(url).toMatch(/^(\/|data:,)/);
    const { style, logo = '' } = filesOf(page.text);
    const bytes = [page.text, (await keyward.send(style)).text].map((text) => Buffer.byteLength(text));
    const weight = bytes.reduce((sum, size) => sum + size) + noisy.length;
    expect(logo).not.toBe('');
    expect(weight).toBeLessThan(30_000);
  }
});

it('is replaced and reset by API and command line', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'keyward-logo-'));
  const file = join(directory, 'logo.png');
  writeFileSync(file, Buffer.from(LOGO, 'base64'));
  const own = await makeOrganization();
  const branding = { colour: null, logo: null, logoType: null };
  expect(await manage('GET', `/${own}/branding`)).toEqual(branding);
  const at = ['--org', own];
  expect(await keyward.cliJson('branding', 'set', '--colour', '#0055aa', '--logo', file, ...at)).toEqual({
    ...{ colour: '#0055aa', logo: LOGO, logoType: 'image/png' },
  });
  expect(await keyward.cliJson('branding', 'set', '--colour', '#00aa55', ...at)).toMatchObject({ logo: LOGO });
  expect(await keyward.cliJson('branding', 'set', '--no-logo', ...at)).toEqual({ ...branding, colour: '#00aa55' });
  expect((await keyward.cli(['branding', 'reset', ...at])).code).toBe(0);
  expect(await keyward.cliJson('branding', 'show', ...at)).toEqual(branding);
  expect(await manage('GET', `/${own}`)).not.toHaveProperty('colour');
  rmSync(directory, { recursive: true });
});

it.each<[string, object]>([
  ['a colour by its name', { colour: 'red' }],
  ['a style for a colour', { colour: '#fff;} body{display:none' }],
  ['a short colour', { colour: '#fff' }],
  ['abuse 39: HTML for a picture', { logo: Buffer.from('<script>alert(1)</script>').toString('base64') }],
  ['abuse 39: SVG', { logo: Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>').toString('base64') }],
  ['what is no Base64', { logo: 'logo.png' }],
  ['a picture of too many bytes', { logo: Buffer.alloc(20 * 1024 + 1).toString('base64') }],
  ['a picture that is too large to be shown', { logo: png(1025, () => [0, 0, 0, 0], 16).toString('base64') }],
  ['a picture of one pixel', { logo: png(1, () => [0, 0, 0, 0]).toString('base64') }],
  ['a type beside it', { logo: LOGO, logoType: 'text/html' }],
])('abuse 39: with %s nothing is changed', async (_, body) => {
  const before = await manage('GET', `/${org}/branding`);
  const { status, body: problem } = await ask('PUT', `/${org}/branding`, body);
  expect([status, problem.code]).toEqual([400, 'invalid_request']);
  expect(await manage('GET', `/${org}/branding`)).toEqual(before);
});
