import {
  ADMIN_SCOPE,
  deleteApplication,
  findApplication,
  findOrganization,
  forgetApplication,
  forgetClients,
  listKeys,
  ServiceError,
  verifyBearer,
} from '@keyward/contracts';
import { JOHNSORG, Services, testGateway, type TestGateway } from '../../test/started-gateway';

let services: Services;
let gateway: TestGateway;
let asked: string[];
/** What the catalog has of the application. */
let subscribed: boolean;

beforeAll(async () => {
  services = new Services();
  gateway = await testGateway(services);
  services.on(verifyBearer, () => ({
    ...{ sub: 's', clientId: 'keyward-cli', scopes: [ADMIN_SCOPE] },
    ...{ organizationId: JOHNSORG.id, orgKey: JOHNSORG.key },
  }));
  services.on(findOrganization, () => JOHNSORG);
  services.on(findApplication, () => ({ id: 'application' }) as never);
  services.on(listKeys, () => ({ items: [{ consumerKey: 'shop' }] }) as never);
  services.on(deleteApplication, () => (asked.push('delete'), (subscribed = true), {}));
  services.on(forgetClients, () => (asked.push('token'), {}));
});
afterAll(() => gateway.close());
beforeEach(() => (asked = []));

const end = () =>
  gateway.ask('/api/v1/organizations/johnsorg/applications/shop', {
    ...{ method: 'DELETE', headers: { authorization: 'Bearer good' } },
  });

it('an application that is subscribed while it ends leaves no subscription', async () => {
  services.on(forgetApplication, () => (asked.push('catalog'), (subscribed = false), {}));
  expect((await end()).status).toBe(204);
  expect([asked.slice(0, 2), subscribed]).toEqual([['catalog', 'delete'], false]);
});

it('an application has ended when the catalog goes away meanwhile, and does not end while it is away', async () => {
  let away = false;
  services.on(forgetApplication, () => {
    if (away) throw new ServiceError('temporarily_unavailable');
    away = true;
    return {};
  });
  expect([(await end()).status, asked]).toEqual([204, ['delete', 'token']]);
  expect([(await end()).status, asked]).toEqual([503, ['delete', 'token']]);
});
