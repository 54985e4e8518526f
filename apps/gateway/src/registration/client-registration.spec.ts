import { endRegistration, forgetApplication, forgetClients, readRegistration, ServiceError } from '@keyward/contracts';
import { JOHNSORG, Services, testGateway, type TestGateway } from '../../test/started-gateway';

const its = { clientId: 'shop', issuedAt: 1, accessToken: 'kcrt_x', metadata: {}, applicationId: 'application' };

let services: Services;
let gateway: TestGateway;
let asked: [what: string, request: object][];

beforeAll(async () => {
  services = new Services([{ ...JOHNSORG, clientRegistration: 'token' }]);
  gateway = await testGateway(services);
  services.on(readRegistration, () => its);
  services.on(endRegistration, (request) => {
    asked.push(['end', request]);
    return { applicationId: its.applicationId };
  });
});
afterAll(() => gateway.close());
beforeEach(() => {
  asked = [];
  services.on(forgetApplication, (request) => {
    asked.push(['catalog', request]);
    return {};
  });
  services.on(forgetClients, (request) => {
    asked.push(['token', request]);
    return {};
  });
});
const end = () =>
  gateway.ask('/t/johnsorg/oauth2/register/shop', { method: 'DELETE', headers: { authorization: 'Bearer kcrt_x' } });
const unavailable = () => {
  throw new ServiceError('temporarily_unavailable');
};

it('DR-06 a client that ends itself leaves nothing with others, nor what it got while it ended', async () => {
  expect((await end()).status).toBe(204);
  const organizationId = JOHNSORG.id;
  const ofCatalog = ['catalog', { organizationId, applicationId: 'application' }];
  expect(asked).toEqual([
    ofCatalog,
    ['token', { organizationId, clientIds: ['shop'] }],
    ['end', { organizationId, clientId: 'shop', accessToken: 'kcrt_x' }],
    ofCatalog,
  ]);
});

it('DR-06 has ended when the catalog goes away meanwhile', async () => {
  services.on(forgetApplication, () => (asked.some(([what]) => what === 'end') ? unavailable() : {}));
  expect((await end()).status).toBe(204);
  expect(asked.map(([what]) => what)).toEqual(['token', 'end']);
});

it.each([
  ['catalog', forgetApplication],
  ['token service', forgetClients],
] as const)('DR-06 while the %s is away it does not end, and can ask again', async (_, message) => {
  services.on(message as typeof forgetApplication, unavailable);
  const { status, headers } = await end();
  expect([status, headers['retry-after']]).toEqual([503, '1']);
  expect(asked.map(([what]) => what)).not.toContain('end');
});

it('DR-06 whoever does not prove to be the client ends nothing anywhere', async () => {
  services.on(readRegistration, () => {
    throw new ServiceError('invalid_token');
  });
  expect((await end()).status).toBe(401);
  expect(asked).toEqual([]);
  services.on(readRegistration, () => its);
});
