import { createDatabase, createDataSource, migrate, prepareDatabase, serviceUrl } from '@keyward/database';
import { createHash, randomBytes } from 'node:crypto';
import { Client } from 'pg';
import type { DataSource, DataSourceOptions } from 'typeorm';

/** A service's part of the database. */
export interface TestService {
  schema: string;
  migrations: DataSourceOptions['migrations'];
}

/** An empty database of one spec, prepared and migrated as an installation does it. */
export interface TestDatabase {
  adminUrl: string;
  /** The URL of a service's own role. */
  url(schema: string): string;
  /** An open data source of a service's own role; closed by `drop`. */
  connect(
    schema: string,
    options?: { entities?: DataSourceOptions['entities']; poolSize?: number },
  ): Promise<DataSource>;
  drop(): Promise<void>;
}

/** Makes a database on the server of the test run, as a copy of the first one like it, or on the one named. */
export async function createTestDatabase(
  services: readonly TestService[],
  server: string = serverOfTheRun(),
): Promise<TestDatabase> {
  const name = `spec_${randomBytes(6).toString('hex')}`;
  // Roles belong to the whole server: every database of a run gives them the same password.
  const password = `roles-${new URL(server).password}`;
  const prepared = services.map(({ schema }) => ({ schema, password }));
  const install = async () => {
    const url = await createDatabase(server, name);
    await prepareDatabase(url, prepared);
    for (const service of services) await migrate({ adminUrl: url, service });
    return url;
  };
  const adminUrl = await oneAtATime(server, async (admin) => {
    if (server !== process.env.TEST_POSTGRES_URL) return install();
    const template = templateOf(services);
    const { rowCount } = await admin.query('SELECT FROM pg_database WHERE datname = $1', [template]);
    if (!rowCount) {
      await install();
      await admin.query(`ALTER DATABASE ${name} RENAME TO ${template}`);
    }
    await admin.query(`CREATE DATABASE ${name} TEMPLATE ${template} STRATEGY FILE_COPY`);
    const url = new URL(server);
    url.pathname = name;
    // What roles may do in a database as a whole is not copied.
    await prepareDatabase(url.href, prepared);
    return url.href;
  });

  const opened: DataSource[] = [];
  const url = (schema: string) => serviceUrl(adminUrl, { schema, password });
  return {
    adminUrl,
    url,
    connect: async (schema, options) => {
      const dataSource = await createDataSource({ url: url(schema), schema, ...options }).initialize();
      opened.push(dataSource);
      return dataSource;
    },
    drop: async () => {
      await Promise.all(opened.map((dataSource) => dataSource.destroy()));
      await asAdmin(server, (admin) => admin.query(`DROP DATABASE ${name} WITH (FORCE)`));
    },
  };
}

/** Runs SQL that no service may. */
export async function asAdmin<T>(adminUrl: string, work: (admin: Client) => Promise<T>): Promise<T> {
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.end();
  }
}

/** Changes of roles made from two databases at once fail in PostgreSQL, and a lock holds within one database only. */
const oneAtATime = <T>(server: string, work: (admin: Client) => Promise<T>): Promise<T> =>
  asAdmin(server, async (admin) => {
    await admin.query(`SELECT pg_advisory_lock(hashtext('keyward roles'))`);
    return work(admin);
  });

/** Named by what is in it: specs bring migrations of their own, too. */
function templateOf(services: readonly TestService[]): string {
  const content = services.map(({ schema, migrations = [] }) => [schema, ...Object.values(migrations).map(String)]);
  return `template_${createHash('sha256').update(JSON.stringify(content)).digest('hex').slice(0, 32)}`;
}

function serverOfTheRun(): string {
  const { TEST_POSTGRES_URL } = process.env;
  if (!TEST_POSTGRES_URL) throw new Error('specs that need PostgreSQL are named *.service.spec.ts');
  return TEST_POSTGRES_URL;
}
