import { randomUUID } from 'node:crypto';
import { createApplication, getJwks, signBackendToken } from '@keyward/contracts';
import { createLocalJWKSet, decodeJwt, jwtVerify } from 'jose';
import { anOrganization, call, prepareInstances, type Instances } from '../../test/instances';

let instances: Instances;
beforeAll(async () => {
  instances = await prepareInstances();
  await instances.start();
});
afterAll(() => instances.close());

it('RS-06 is signed with the organization’s RS256 key, in API Manager’s dialect', async () => {
  const organizationId = anOrganization();
  const { id, name } = await instances.bus.call(createApplication, { organizationId, name: 'shop' }, call());
  const claims = { apiname: 'Pizza', enduser: 'ann@johnsorg', iss: 'made up', applicationname: 'made up' };
  const request = { organizationId, applicationId: id, keytype: 'PRODUCTION' as const, subject: 'ann', claims };
  const { jwt } = await instances.bus.call(signBackendToken, request, call());
  const keys = await instances.bus.call(getJwks, { organizationId }, call());
  const { payload, protectedHeader } = await jwtVerify(jwt, createLocalJWKSet(keys), {
    issuer: 'wso2.org/products/am',
    algorithms: ['RS256'],
    typ: 'JWT',
    // The instances' clock is the tests' own.
    currentDate: new Date((decodeJwt(jwt).iat ?? 0) * 1000),
  });
  expect(protectedHeader.kid).toEqual(expect.any(String));
  const dialect = 'http://wso2.org/claims/';
  expect(payload).toEqual({
    ...{ iss: 'wso2.org/products/am', sub: 'ann', iat: expect.any(Number), exp: expect.any(Number) },
    ...{ [`${dialect}apiname`]: 'Pizza', [`${dialect}enduser`]: 'ann@johnsorg', [`${dialect}iss`]: 'made up' },
    ...{ [`${dialect}applicationid`]: id, [`${dialect}applicationUUId`]: id, [`${dialect}applicationname`]: name },
    [`${dialect}keytype`]: 'PRODUCTION',
  });
  expect((payload.exp ?? 0) - (payload.iat ?? 0)).toBe(900);
  const until = (payload.iat ?? 0) + 60;
  const shorter = await instances.bus.call(signBackendToken, { ...request, until }, call());
  expect(decodeJwt(shorter.jwt).exp).toBe(until);
});

it('abuse 1: is not signed for an application of another organization', async () => {
  const { id } = await instances.bus.call(
    createApplication,
    { organizationId: anOrganization(), name: 'shop' },
    call(),
  );
  for (const applicationId of [id, randomUUID()])
    await expect(
      instances.bus.call(
        signBackendToken,
        { organizationId: anOrganization(), applicationId, keytype: 'SANDBOX', subject: 'x', claims: {} },
        call(),
      ),
    ).rejects.toMatchObject({ code: 'not_found' });
});
