import { ServiceError, type User } from '@keyward/contracts';
import { selectInOrganization } from '@keyward/database';
import type { EntityManager } from 'typeorm';
import { lookupKey } from './username';

/** ISO 8601 has no infinity. */
const FOR_EVER = '9999-12-31T23:59:59.999Z';

interface UserRow extends Omit<User, 'lockedUntil' | 'createdAt'> {
  /** The driver reads PostgreSQL's `infinity` as this number. */
  lockedUntil: Date | number | null;
  createdAt: Date;
}

/** Users with what their accounts say of locks; `where` is SQL on `u`. */
export async function readUsers(manager: EntityManager, where: string, params: unknown[]): Promise<User[]> {
  const rows = await manager.query<UserRow[]>(
    `SELECT u.id, u.organization_id AS "organizationId", u.username, u.state, u.roles, u.profile, u.created_at AS "createdAt",
       CASE WHEN a.locked_until > now() THEN a.locked_until END AS "lockedUntil"
     FROM users u LEFT JOIN account_attempts a ON a.organization_id = u.organization_id AND a.account = u.id::text
     WHERE ${where}`,
    params,
  );
  return rows.map(userOf);
}

/** Throws `not_found`. */
export async function userNamed(manager: EntityManager, organizationId: string, username: string): Promise<User> {
  const key = lookupKey(username);
  const [user] = await readUsers(manager, 'u.organization_id = $1 AND u.username_key = $2', [organizationId, key]);
  if (!user) throw new ServiceError('not_found', 'there is no such user');
  return user;
}

const userOf = ({ lockedUntil, createdAt, ...user }: UserRow): User => ({
  ...user,
  lockedUntil: typeof lockedUntil === 'number' ? FOR_EVER : (lockedUntil?.toISOString() ?? null),
  createdAt: createdAt.toISOString(),
});

/** A user, `$2`, who may still have tokens. */
export const CHECK_USER = {
  name: 'check-user',
  text: selectInOrganization(`
    SELECT u.id AS sub, u.username, u.roles, extract(epoch FROM u.credentials_changed_at)::float8 AS "credentialsChangedAt",
      extract(epoch FROM u.grants_ended_at)::float8 AS "grantsEndedAt"
    FROM users u JOIN organizations o ON o.id = u.organization_id
    WHERE u.organization_id = $1 AND u.id = $2 AND u.state = 'active' AND o.state = 'active'`),
};
