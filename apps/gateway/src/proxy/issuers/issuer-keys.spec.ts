import { Bus, startCall } from '@keyward/bus';
import { getIssuerKeys, ServiceError } from '@keyward/contracts';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import { JOHNSORG, Services } from '../../../test/started-gateway';
import { IssuerKeys } from './issuer-keys';
import type { Trust } from './trusted-issuers';

let services: Services;
let jwk: JWK;
beforeAll(async () => (jwk = await exportJWK((await generateKeyPair('ES256')).publicKey)));
beforeEach(() => {
  services = new Services();
  services.on(getIssuerKeys, () => ({ keys: [jwk] }) as never);
});
afterEach(() => jest.useRealTimers());

it.each([60_000, 3_600_000])(
  'keys are used on for DEGRADED_LIMIT, %i ms, while the key manager is away',
  async (limit) => {
    const keys = new IssuerKeys(new Bus(services.exchange.wire()), limit);
    const trust = { id: 'partner', record: { organizationId: JOHNSORG.id } } as Trust;
    const of = () => keys.of(trust, startCall(20_000), true);
    const held = await of();
    const heldAt = Date.now();
    services.on(getIssuerKeys, () => {
      throw new ServiceError('temporarily_unavailable');
    });
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'setTimeout'], now: heldAt + limit - 1000 });
    expect(await of()).toBe(held);
    jest.setSystemTime(heldAt + limit + 1000);
    await expect(of()).rejects.toMatchObject({ code: 'temporarily_unavailable' });
  },
);
