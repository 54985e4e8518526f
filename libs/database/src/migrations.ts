import { createHmac, createHash, pbkdf2Sync, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { connectionTo } from './data-source';
import { lookupRole, serviceRole } from './isolate';

/** Owns all that migrations create; nobody can log in as it. */
export const OWNER_ROLE = 'keyward_owner';

/** Reads the rows of every organization for a backup, which the owner cannot under FORCE; nobody can log in as it. */
export const BACKUP_ROLE = 'keyward_backup';

/** Any number, the same everywhere: one at a time prepares or migrates a database. */
const LOCK = 5_394_270_391;

/** A service's schema and the password of its login role, `keyward_<schema>`. */
export interface PreparedService {
  schema: string;
  password: string;
}

interface Admin {
  /** A role that may create roles and schemas in this database. */
  adminUrl: string;
  caFile?: string;
}

/** Creates roles and schemas, and closes the database to everyone else. Doing it again applies changed passwords. */
export async function prepareDatabase(
  adminUrl: string,
  services: readonly PreparedService[],
  { caFile }: { caFile?: string } = {},
): Promise<void> {
  await locked({ adminUrl, caFile }, async (admin) => {
    // NOINHERIT: the owner may hand functions to the lookup roles, yet their policies do not become its own.
    await createRole(admin, OWNER_ROLE, 'NOLOGIN NOINHERIT');
    await admin.query(`GRANT ${OWNER_ROLE} TO CURRENT_USER`).catch(ignoreOwnMembership);
    await admin.query(`ALTER DEFAULT PRIVILEGES FOR ROLE ${OWNER_ROLE} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`);
    const database = admin.escapeIdentifier(admin.database ?? '');
    await admin.query(`REVOKE ALL ON DATABASE ${database} FROM PUBLIC`);
    await admin.query(`REVOKE ALL ON SCHEMA public FROM PUBLIC`);
    await createBackupRole(admin);
    for (const { schema, password } of services) {
      const [role, lookup] = [serviceRole(schema), lookupRole(schema)];
      await createRole(admin, role, 'LOGIN');
      await createRole(admin, lookup, 'NOLOGIN');
      await admin.query(`ALTER ROLE ${role} PASSWORD ${admin.escapeLiteral(scramVerifier(password))}`);
      await admin.query(`ALTER ROLE ${role} IN DATABASE ${database} SET search_path = ${schema}`);
      await admin.query(`GRANT CONNECT ON DATABASE ${database} TO ${role}`);
      await admin.query(`GRANT ${lookup} TO ${OWNER_ROLE}`);
      await admin.query(`CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${OWNER_ROLE}`);
      await admin.query(`GRANT USAGE ON SCHEMA ${schema} TO ${role}, ${lookup}`);
    }
  });
}

/** Runs what is new of a service's migrations as the owner role; answers their names. Safe to run twice at once. */
export async function migrate({
  service,
  ...admin
}: Admin & { service: { schema: string; migrations: DataSourceOptions['migrations'] } }): Promise<string[]> {
  const { schema, migrations } = service;
  return locked(admin, async () => {
    const dataSource = new DataSource({
      type: 'postgres',
      ...connectionTo({ url: admin.adminUrl, caFile: admin.caFile }),
      schema,
      migrations,
      migrationsTableName: 'migrations',
      installExtensions: false,
      applicationName: `keyward-migrate-${schema}`,
      poolSize: 1,
      extra: { options: `-c role=${OWNER_ROLE} -c search_path=${schema}` },
    });
    await dataSource.initialize();
    try {
      return (await dataSource.runMigrations({ transaction: 'each' })).map(({ name }) => name);
    } finally {
      await dataSource.destroy();
    }
  });
}

/** Only a superuser can. The administrator of a managed server is none, and that server has backups of its own. */
async function createBackupRole(admin: Client): Promise<void> {
  const { rowCount } = await admin.query('SELECT FROM pg_roles WHERE rolname = CURRENT_USER AND rolsuper');
  if (!rowCount) return;
  await createRole(admin, BACKUP_ROLE, 'NOLOGIN BYPASSRLS');
  await admin.query(`GRANT pg_read_all_data TO ${BACKUP_ROLE}`);
}

async function createRole(admin: Client, role: string, attributes: string): Promise<void> {
  const { rowCount } = await admin.query(`SELECT FROM pg_roles WHERE rolname = $1`, [role]);
  if (!rowCount) await admin.query(`CREATE ROLE ${role} ${attributes}`);
}

async function locked<T>({ adminUrl, caFile }: Admin, work: (admin: Client) => Promise<T>): Promise<T> {
  const { username, ...connection } = connectionTo({ url: adminUrl, caFile });
  const admin = new Client({ ...connection, user: username, connectionTimeoutMillis: 5000 });
  await admin.connect();
  try {
    await admin.query(`SELECT pg_advisory_lock($1)`, [LOCK]);
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** The verifier PostgreSQL stores (RFC 5803), made here so that no password is in a statement that a server may log. */
function scramVerifier(password: string): string {
  const iterations = 4096;
  const salt = randomBytes(16);
  const salted = pbkdf2Sync(password.normalize('NFKC'), salt, iterations, 32, 'sha256');
  const key = (label: string) => createHmac('sha256', salted).update(label).digest();
  const stored = createHash('sha256').update(key('Client Key')).digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${stored}:${key('Server Key').toString('base64')}`;
}

/** PostgreSQL refuses to grant a role to itself: the administrator may be the owner role. */
function ignoreOwnMembership(error: { code?: string }): void {
  if (error.code !== '0LP01') throw error as Error;
}

/** Creates a database of the server unless it exists; answers its URL. */
export async function createDatabase(adminUrl: string, name: string): Promise<string> {
  await locked({ adminUrl }, async (admin) => {
    const { rowCount } = await admin.query(`SELECT FROM pg_database WHERE datname = $1`, [name]);
    if (!rowCount) await admin.query(`CREATE DATABASE ${admin.escapeIdentifier(name)}`);
  });
  const url = new URL(adminUrl);
  url.pathname = encodeURIComponent(name);
  return url.href;
}

/** The URL with which a service reaches the database that an administrator reaches by `adminUrl`. */
export function serviceUrl(adminUrl: string, { schema, password }: PreparedService): string {
  const url = new URL(adminUrl);
  url.username = serviceRole(schema);
  url.password = encodeURIComponent(password);
  return url.href;
}
