import { Api } from './api';
import { demo } from './demo';
import { createServer, type Server } from 'node:http';
import { type AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';

const organization = '/api/v1/organizations/johnsorg';
const pair = { consumerKey: 'abcdefgh', kind: 'production', public: false };
const conflict: [number, unknown] = [409, { code: 'conflict' }];

let server: Server;
let asked: string[];
let bodies: Record<string, unknown>;
let exists: boolean;

/** As the management API answers, with and without the demo organization. */
function answer(route: string): [number, unknown] {
  switch (route) {
    case 'POST /token':
      return [200, { access_token: 'kat_1', scope: 'keyward:manage' }];
    case 'GET /t/johnsorg/.well-known/openid-configuration':
      return [200, { issuer: 'https://id.example:9443/t/johnsorg' }];
    case `GET ${organization}/applications/demo/keys?limit=200`:
      return [200, { items: exists ? [{ ...pair, kind: 'sandbox' }, pair] : [] }];
    case 'POST /api/v1/organizations':
    case `POST ${organization}/users`:
    case `POST ${organization}/applications`:
      return exists ? conflict : [201, {}];
    case `POST ${organization}/applications/demo/keys`:
    case `POST ${organization}/keys/abcdefgh/rotate-secret`:
      return [201, { key: pair, consumerSecret: 'the secret' }];
    default:
      return [200, {}];
  }
}

beforeAll(async () => {
  server = createServer((request, response) => {
    void text(request).then((body) => {
      const route = `${request.method} ${request.url}`;
      asked.push(route);
      if (body.startsWith('{')) bodies[route] = JSON.parse(body);
      const [status, json] = answer(route);
      response.writeHead(status).end(JSON.stringify(json));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});
afterAll(() => server.close());
beforeEach(() => {
  asked = [];
  bodies = {};
});

async function made() {
  const admin = {
    organization: 'root',
    username: 'admin',
    password: 'p',
    consumerKey: 'keyward-cli',
    consumerSecret: 's',
  };
  const api = new Api({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }, admin);
  try {
    return { admin, demo: await demo(api) };
  } finally {
    await api.close();
  }
}

it('makes the organization, its user and its key pair', async () => {
  exists = false;
  const { admin, demo } = await made();
  expect(demo).toEqual({
    tokenUrl: 'https://id.example:9443/token',
    issuer: 'https://id.example:9443/t/johnsorg',
    organization: 'johnsorg',
    username: 'john@johns.org@johnsorg',
    password: expect.stringMatching(/^[A-Za-z0-9]{24}$/),
    consumerKey: 'abcdefgh',
    consumerSecret: 'the secret',
    admin,
  });
  expect(bodies[`POST ${organization}/users`]).toEqual({ username: 'john@johns.org', password: demo.password });
});

it('renews the secrets of one that exists', async () => {
  exists = true;
  const { demo } = await made();
  expect(bodies[`POST ${organization}/users/john%40johns.org/reset-password`]).toEqual({ password: demo.password });
  expect(bodies[`POST ${organization}/keys/abcdefgh/rotate-secret`]).toEqual({ overlap: 0 });
  expect(bodies[`PATCH ${organization}`]).toEqual({ state: 'active', passwordGrant: true });
  expect(asked).toContain(`POST ${organization}/users/john%40johns.org/unlock`);
  expect(demo.consumerSecret).toBe('the secret');
});
