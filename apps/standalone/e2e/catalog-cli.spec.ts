import { deployment } from '@keyward/testing';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const keyward = deployment();
const org = `catalog-${randomBytes(4).toString('hex')}`;
const run = (...args: string[]) => keyward.cliJson(...args, '--org', org);
const say = async (...args: string[]) => {
  const { code, stdout } = await keyward.cli([...args, '--org', org]);
  expect(code).toBe(0);
  return stdout;
};

const OPENAPI = `
openapi: 3.0.3
info: { title: Pizza, version: 1.0.0 }
servers: [{ url: https://pizza.example }]
components:
  securitySchemes:
    oauth: { type: oauth2, flows: { password: { tokenUrl: /token, scopes: { read: See, update: Change } } } }
paths:
  /menu:
    get: { security: [{ oauth: [read] }], responses: { '200': { description: The menu } } }
    put: { security: [{ oauth: [update] }], responses: { '200': { description: Changed } } }
`;

let directory: string;
let file: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'keyward-cli-'));
  file = join(directory, 'openapi.yaml');
  await writeFile(file, OPENAPI);
  await keyward.cliJson('orgs', 'create', org);
});
afterAll(() => rm(directory, { recursive: true }));

it('makes an API of its document, and more versions of it', async () => {
  const imported = await run('api', 'import', file, '--context', '/pizza', '--sandbox', 'https://sandbox.example');
  expect(imported).toMatchObject({
    ...{ name: 'Pizza', version: '1.0.0', context: '/pizza', state: 'CREATED' },
    upstreams: { production: 'https://pizza.example', sandbox: 'https://sandbox.example' },
  });
  expect(imported.resources).toHaveLength(2);
  expect(await run('scopes', 'list')).toMatchObject([{ name: 'read' }, { name: 'update' }]);
  expect(await keyward.cli(['api', 'import', file, '--org', org])).toMatchObject({ code: 1, stdout: '' });
  expect((await run('api', 'import', file, '--replace')).id).toBe(imported.id);

  expect(
    (await run('api', 'update', 'Pizza', '--production', 'https://new.example', '--default', 'on')).upstreams,
  ).toEqual({ production: 'https://new.example', sandbox: 'https://sandbox.example' });
  expect((await run('api', 'publish', 'Pizza')).state).toBe('PUBLISHED');
  expect((await run('api', 'copy', 'Pizza', '2.0')).state).toBe('CREATED');
  expect(await say('api', 'list')).toMatch(
    /NAME +VERSION +DEFAULT[^]*Pizza +1\.0\.0 +yes +\/pizza +PUBLISHED\nPizza +2\.0/,
  );
  expect(await say('api', 'show', 'Pizza:1.0.0')).toMatch(
    /Resources +GET \/menu \(any read\), PUT \/menu \(any update\)/,
  );
});

it('makes an API by hand, and changes all of it', async () => {
  const body = {
    ...{ name: 'By hand', version: '1', context: '/by-hand', upstreams: { production: 'https://hand.example' } },
    resources: [{ verb: 'GET', template: '/*', authentication: 'user', scopes: ['read'] }],
  };
  const json = join(directory, 'api.json');
  await writeFile(json, JSON.stringify(body));
  expect(await run('api', 'create', json)).toMatchObject(body);
  const cors = { allowOrigins: ['*'], allowHeaders: [], exposeHeaders: [], allowCredentials: false, maxAge: 60 };
  await run('roles', 'create', 'boss');
  await writeFile(json, JSON.stringify({ cors }));
  const changed = await run(
    'api',
    'update',
    'By hand',
    '--file',
    json,
    '--description',
    'Changed',
    '--backend-token',
    'on',
    '--visible-to',
    'boss',
  );
  expect(changed).toMatchObject({
    ...body,
    cors,
    visibility: 'roles',
    visibleTo: ['boss'],
    description: 'Changed',
    backendToken: true,
  });
  await writeFile(json, '[');
  expect(await keyward.cli(['api', 'create', json, '--org', org])).toMatchObject({ code: 2, stdout: '' });
  await say('api', 'delete', 'By hand');
  await say('roles', 'delete', 'boss');
});

it('takes an API through its life cycle', async () => {
  expect((await run('api', 'block', 'Pizza')).state).toBe('BLOCKED');
  expect((await run('api', 'publish', 'Pizza')).state).toBe('PUBLISHED');
  expect((await run('api', 'deprecate', 'Pizza')).state).toBe('DEPRECATED');
  expect((await run('api', 'retire', 'Pizza')).state).toBe('RETIRED');
  for (const api of ['Pizza:1.0.0', 'Pizza:2.0']) await say('api', 'delete', api);
  expect(await run('api', 'list')).toEqual([]);
});

it('subscribes an application, under a plan, with and without approval', async () => {
  await run('applications', 'create', 'shop');
  await run('plans', 'create', 'subscription', 'Gold', '--requests', '5000');
  await run('api', 'import', file, '--name', 'Approved');
  await run('api', 'update', 'Approved', '--approval-required', 'on');
  await run('api', 'publish', 'Approved');
  const { id, state, plan } = await run('subscribe', 'shop', 'Approved', '--plan', 'Gold');
  expect([state, plan]).toEqual(['ON_HOLD', 'Gold']);
  expect((await run('subscriptions', 'approve', id)).state).toBe('UNBLOCKED');
  expect((await run('subscriptions', 'block-production', id)).state).toBe('PROD_ONLY_BLOCKED');
  expect((await run('subscriptions', 'unblock', id)).state).toBe('UNBLOCKED');
  expect((await run('subscriptions', 'plan', id, '')).plan).toBeUndefined();
  expect((await run('subscriptions', 'plan', id, 'Gold')).plan).toBe('Gold');
  expect(await say('subscriptions', 'list', '--application', 'shop')).toMatch(
    / shop +Approved:1\.0\.0 +UNBLOCKED +Gold/,
  );
  expect(await keyward.cli(['plans', 'delete', 'subscription', 'Gold', '--org', org])).toMatchObject({ code: 1 });
  await say('applications', 'delete', 'shop');
  expect(await run('subscriptions', 'list')).toEqual([]);
  await say('plans', 'delete', 'subscription', 'Gold');
});

it('gives and takes roles, and lets scopes need them', async () => {
  await run('users', 'create', 'ann', '--roles', 'reader');
  await run('roles', 'create', 'editor', '--description', 'May edit');
  expect(await run('roles', 'list')).toMatchObject(
    ['admin', 'editor', 'publisher', 'reader'].map((name) => ({ name })),
  );
  expect((await run('roles', 'assign', 'editor', 'ann')).roles).toEqual(['reader', 'editor']);
  expect((await run('roles', 'update', 'editor', '--description', 'Edits')).description).toBe('Edits');
  expect(await run('roles', 'members', 'editor')).toMatchObject([{ username: 'ann' }]);
  await say('roles', 'unassign', 'reader', 'ann');
  expect((await run('users', 'show', 'ann')).roles).toEqual(['editor']);
  await say('roles', 'delete', 'editor');
  expect((await run('users', 'show', 'ann')).roles).toEqual([]);
  await run('scopes', 'create', 'bake', '--roles', 'chef');
  expect((await run('scopes', 'update', 'bake', '--roles', 'chef,boss')).roles).toEqual(['chef', 'boss']);
  await say('scopes', 'delete', 'bake');
});

it('keeps the last operator of root', async () => {
  for (const args of [
    ['roles', 'unassign', 'operator', 'admin'],
    ['roles', 'delete', 'operator'],
  ])
    expect(await keyward.cli([...args, '--org', 'root'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('last operator stays'),
    });
});
