import {
  assignRole,
  createRole,
  deleteRole,
  findRole,
  findUser,
  listMembers,
  listRoles,
  OPERATOR_ROLE,
  ROOT_ORGANIZATION,
  unassignRole,
  updateRole,
  updateUser,
  type User,
} from '@keyward/contracts';
import { createTestDatabase, type TestDatabase } from '@keyward/testing';
import { anOrganization, aUser, call, codeOf, startInstances, type Instances } from '../../test/instances';
import { DIRECTORY_SCHEMA } from '../data-source';

let database: TestDatabase;
let directory: Instances;
beforeAll(async () => {
  database = await createTestDatabase([DIRECTORY_SCHEMA]);
  directory = await startInstances(database.url('directory'));
});
afterAll(async () => {
  await directory.close();
  await database.drop();
});

const assign = (organizationId: string, role: string, { username }: User) =>
  directory.bus.call(assignRole, { organizationId, role, username }, call());
const namesOf = async (organizationId: string) =>
  (await directory.bus.call(listRoles, { organizationId, limit: 50 }, call())).items.map(({ name }) => name);

describe('a role', () => {
  it('is made by itself, or by giving it to a user, once', async () => {
    const { id: organizationId } = await anOrganization(directory.bus);
    const role = await directory.bus.call(createRole, { organizationId, name: 'editor', description: 'Edits' }, call());
    expect(role).toEqual({ organizationId, name: 'editor', description: 'Edits', createdAt: expect.any(String) });
    expect(await codeOf(directory.bus.call(createRole, { organizationId, name: 'editor' }, call()))).toBe('conflict');
    const user = await aUser(directory.bus, organizationId, { roles: ['editor', 'reader'] });
    await directory.bus.call(updateUser, { organizationId, username: user.username, roles: ['chief'] }, call());
    expect(await namesOf(organizationId)).toEqual(['admin', 'chief', 'editor', 'publisher', 'reader']);
    const changed = await directory.bus.call(updateRole, { organizationId, role: 'editor', description: '' }, call());
    expect(changed.description).toBe('');
  });

  it('is given and taken, and its members are listed in parts', async () => {
    const { id: organizationId } = await anOrganization(directory.bus);
    await directory.bus.call(createRole, { organizationId, name: 'editor' }, call());
    const users = [];
    for (let n = 0; n < 3; n++) users.push(await aUser(directory.bus, organizationId, { username: `ann-${n}` }));
    for (const user of [...users, ...users])
      expect((await assign(organizationId, 'editor', user)).roles).toEqual(['editor']);
    const page = (after?: string) =>
      directory.bus.call(listMembers, { organizationId, role: 'editor', limit: 2, after }, call());
    const first = await page();
    const second = await page(first.next);
    expect([...first.items, ...second.items].map(({ username }) => username)).toEqual(['ann-0', 'ann-1', 'ann-2']);
    expect(second.next).toBeUndefined();
    const request = { organizationId, role: 'editor', username: 'ann-1' };
    expect((await directory.bus.call(unassignRole, request, call())).roles).toEqual([]);
    expect((await page()).items.map(({ username }) => username)).toEqual(['ann-0', 'ann-2']);
  });

  it('goes from all who have it when it is deleted', async () => {
    const { id: organizationId } = await anOrganization(directory.bus);
    const { username } = await aUser(directory.bus, organizationId, { roles: ['gone', 'kept'] });
    await directory.bus.call(deleteRole, { organizationId, role: 'gone' }, call());
    expect((await directory.bus.call(findUser, { organizationId, username }, call())).roles).toEqual(['kept']);
    expect(await codeOf(directory.bus.call(findRole, { organizationId, role: 'gone' }, call()))).toBe('not_found');
  });

  it('that is not there is given to nobody, and there are 50 at most', async () => {
    const { id: organizationId } = await anOrganization(directory.bus);
    const user = await aUser(directory.bus, organizationId);
    expect(await codeOf(assign(organizationId, 'unknown', user))).toBe('not_found');
    const roles = Array.from({ length: 50 }, (_, n) => `role-${n}`);
    await directory.bus.call(updateUser, { organizationId, username: user.username, roles }, call());
    await directory.bus.call(createRole, { organizationId, name: 'one-more' }, call());
    expect(await codeOf(assign(organizationId, 'one-more', user))).toBe('invalid_request');
    expect((await assign(organizationId, 'role-7', user)).roles).toHaveLength(50);
  });

  it('that every organization has is never deleted, and root has neither', async () => {
    const { id: organizationId } = await anOrganization(directory.bus);
    for (const role of ['admin', 'publisher']) {
      expect(await codeOf(directory.bus.call(deleteRole, { organizationId, role }, call()))).toBe('invalid_request');
      const ofRoot = { organizationId: ROOT_ORGANIZATION.id, role };
      expect(await codeOf(directory.bus.call(findRole, ofRoot, call()))).toBe('not_found');
    }
    expect(await namesOf(organizationId)).toEqual(['admin', 'publisher']);
  });

  it('of an operator stays with the last one', async () => {
    const { id: organizationId } = ROOT_ORGANIZATION;
    const last = { organizationId, role: OPERATOR_ROLE, username: 'admin' };
    expect(await codeOf(directory.bus.call(unassignRole, last, call()))).toBe('invalid_request');
    expect(await codeOf(directory.bus.call(deleteRole, last, call()))).toBe('invalid_request');
    expect((await directory.bus.call(findUser, last, call())).roles).toContain(OPERATOR_ROLE);
  });

  it('abuse 1: is nothing to another organization', async () => {
    const [own, another] = [await anOrganization(directory.bus), await anOrganization(directory.bus)];
    const user = await aUser(directory.bus, own.id, { roles: ['private'] });
    const foreign = { organizationId: another.id, role: 'private' };
    for (const ask of [
      () => directory.bus.call(findRole, foreign, call()),
      () => directory.bus.call(updateRole, { ...foreign, description: 'x' }, call()),
      () => directory.bus.call(deleteRole, foreign, call()),
      () => directory.bus.call(listMembers, { ...foreign, limit: 50 }, call()),
      () => assign(another.id, 'private', user),
      () => directory.bus.call(unassignRole, { ...foreign, username: user.username }, call()),
    ])
      expect(await codeOf(ask())).toBe('not_found');
    expect(await namesOf(another.id)).toEqual(['admin', 'publisher']);
  });
});
