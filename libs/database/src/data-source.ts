import { readFileSync } from 'node:fs';
import { ServiceError } from '@keyward/contracts';
import { DataSource, type DataSourceOptions } from 'typeorm';
import type { PostgresDriver } from 'typeorm/driver/postgres/PostgresDriver.js';
import type { Pool } from 'pg';
import { isBroken, toThrow } from './failures';

/** How a service reaches its schema. */
export interface DatabaseOptions {
  /** `postgres://role:password@host:5432/database`, the role being the service's own. */
  url: string;
  schema: string;
  entities?: DataSourceOptions['entities'];
  /** PEM file of the CA that signed the server's certificate; with it the link is TLS and verified. */
  caFile?: string;
  /** Connections of this process, 10 when absent. */
  poolSize?: number;
}

/** Milliseconds. Together they hold a call under 2 s also where PostgreSQL hangs and answers nothing. */
const CONNECT_MS = 1000;
const STATEMENT_MS = 1500;
const ANSWER_MS = 1900;
const START_MS = 20_000;
const AGAIN_MS = 250;

/** Where and as whom. TLS follows from `caFile` alone: a parameter of the URL that is overlooked could not be noticed. */
export function connectionTo({ url, caFile }: { url: string; caFile?: string }) {
  const { hostname, port, username, password, pathname, search } = new URL(url);
  if (search) throw new Error(`The database's URL takes no parameters (${search}); for TLS, name a CA file`);
  return {
    host: hostname.replace(/^\[|\]$/g, ''),
    port: Number(port || 5432),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ssl: caFile ? { ca: readFileSync(caFile, 'utf8'), rejectUnauthorized: true } : false,
  };
}

/** A service's own data source: its schema, its role, no `synchronize`; migrations are run by `migrate` alone. */
export const createDataSource = ({ schema, entities = [], poolSize = 10, ...link }: DatabaseOptions): DataSource =>
  new DataSource({
    type: 'postgres',
    ...connectionTo(link),
    schema,
    entities,
    poolSize,
    applicationName: `keyward-${schema}`,
    installExtensions: false,
    connectTimeoutMS: CONNECT_MS,
    extra: {
      statement_timeout: STATEMENT_MS,
      query_timeout: ANSWER_MS,
      keepAlive: true,
      options: '-c plan_cache_mode=force_generic_plan',
    },
    poolErrorHandler: () => undefined, // An idle connection was lost: the pool has dropped it and opens another.
  });

/**
 * For the start of a service: PostgreSQL may be starting as well, and on a machine where all starts at once a connection takes
 * its time. Throws when that lasts over 20 s, and at once what is no matter of time.
 */
export async function connectPatiently(dataSource: DataSource): Promise<DataSource> {
  for (const end = Date.now() + START_MS; ; await new Promise((resolve) => setTimeout(resolve, AGAIN_MS)))
    try {
      return await dataSource.initialize();
    } catch (error) {
      if (Date.now() > end || !(toThrow(error) instanceof ServiceError)) throw error;
    }
}

/**
 * The hot path: one named prepared statement on the pool beneath TypeORM. Throws `temporarily_unavailable` within 2 s when
 * PostgreSQL is away or hangs.
 */
export async function query<Row>(dataSource: DataSource, name: string, sql: string, params: unknown[]): Promise<Row[]> {
  try {
    const client = await ((dataSource.driver as PostgresDriver).master as Pool).connect();
    client.on('error', ignore);
    try {
      const { rows } = await client.query({ name, text: sql, values: params });
      client.off('error', ignore).release();
      return rows as Row[];
    } catch (error) {
      client.off('error', ignore).release(isBroken(error));
      throw error;
    }
  } catch (error) {
    throw toThrow(error);
  }
}

/** A connection lost while in use fails its query as well, which is where it is handled. */
const ignore = (): void => undefined;
