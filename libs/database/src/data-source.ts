import { readFileSync } from 'node:fs';
import { ServiceError } from '@keyward/contracts';
import { patiently } from '@keyward/runtime';
import { DataSource, type DataSourceOptions } from 'typeorm';
import { toThrow } from './failures';
import { JointStatements, type Joint, type Place } from './joint';
import { Pipelines } from './pipelines';

/** How a service reaches its schema. */
export interface DatabaseOptions {
  /**
   * `postgres://role:password@host:5432/database`, the role being the service's own; `%2Frun%2Fpostgresql` as host is the
   * directory of its Unix socket.
   */
  url: string;
  schema: string;
  entities?: DataSourceOptions['entities'];
  /** PEM file of the CA that signed the server's certificate; with it the link is TLS and verified. */
  caFile?: string;
  /** Connections of this process, 10 when absent: up to four of them for the hot path, the others for transactions. */
  poolSize?: number;
}

/** Enough for PostgreSQL to work at several commits at once. */
const PIPELINES = 4;

/** Milliseconds. Together they hold a call under 2 s also where PostgreSQL hangs and answers nothing. */
const CONNECT_MS = 1000;
const STATEMENT_MS = 1500;
const ANSWER_MS = 1900;

/** Where and as whom. TLS follows from `caFile` alone: a parameter of the URL that is overlooked could not be noticed. */
export function connectionTo({ url, caFile }: { url: string; caFile?: string }) {
  const { hostname, port, username, password, pathname, search } = new URL(url);
  if (search) throw new Error(`The database's URL takes no parameters (${search}); for TLS, name a CA file`);
  return {
    host: decodeURIComponent(hostname).replace(/^\[|\]$/g, ''),
    port: Number(port || 5432),
    username: decodeURIComponent(username),
    password: decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    ssl: caFile ? { ca: readFileSync(caFile, 'utf8'), rejectUnauthorized: true } : false,
  };
}

/** TypeORM's data source, and beside its pool the connections of the hot path. */
class ServiceDataSource extends DataSource {
  readonly joint = new JointStatements((name, text, values) => this.pipelines.query(name, text, values));

  constructor(
    options: DataSourceOptions,
    readonly pipelines: Pipelines,
  ) {
    super(options);
  }

  /** TypeORM destroys what it could not initialize, and then it is tried again. */
  override initialize(): Promise<this> {
    this.pipelines.begin();
    return super.initialize();
  }

  override async destroy(): Promise<void> {
    await this.pipelines.end();
    await super.destroy();
  }
}

/** A service's own data source: its schema, its role, no `synchronize`; migrations are run by `migrate` alone. */
export function createDataSource({ schema, entities = [], poolSize = 10, ...link }: DatabaseOptions): DataSource {
  const { username, ...server } = connectionTo(link);
  const session = {
    statement_timeout: STATEMENT_MS,
    query_timeout: ANSWER_MS,
    keepAlive: true,
    options: '-c plan_cache_mode=force_generic_plan',
  };
  const name = `keyward-${schema}`;
  const hot = Math.max(1, Math.min(PIPELINES, Math.floor(poolSize / 2)));
  const pipelines = new Pipelines(
    { ...server, user: username, application_name: name, connectionTimeoutMillis: CONNECT_MS, ...session },
    hot,
  );
  const options: DataSourceOptions = {
    type: 'postgres',
    ...server,
    username,
    schema,
    entities,
    poolSize: Math.max(1, poolSize - hot),
    applicationName: name,
    installExtensions: false,
    connectTimeoutMS: CONNECT_MS,
    extra: session,
    poolErrorHandler: () => undefined, // An idle connection was lost: the pool has dropped it and opens another.
  };
  return new ServiceDataSource(options, pipelines);
}

/** Whether PostgreSQL may do soon what it did not now. */
export const isPassing = (error: unknown): boolean => toThrow(error) instanceof ServiceError;

/** Connects, `patiently`. */
export const connectPatiently = (dataSource: DataSource): Promise<DataSource> =>
  patiently(() => dataSource.initialize(), isPassing);

/**
 * The hot path: one named prepared statement on a connection that others share at the same time, so it must be short. Throws
 * `temporarily_unavailable` within 2 s when PostgreSQL is away or hangs.
 */
export async function query<Row>(dataSource: DataSource, name: string, sql: string, params: unknown[]): Promise<Row[]> {
  try {
    return (await (dataSource as ServiceDataSource).pipelines.query(name, sql, params)) as Row[];
  } catch (error) {
    throw toThrow(error);
  }
}

/**
 * As `query`, and joined with what others ask of the same statement meanwhile: all of it is then one transaction, done in
 * an order that `place` tells. Fails as `query` does.
 */
export async function queryTogether<Row>(
  dataSource: DataSource,
  joint: Joint,
  params: unknown[],
  place: Place = {},
): Promise<Row[]> {
  try {
    return (await (dataSource as ServiceDataSource).joint.ask(joint, params, place)) as Row[];
  } catch (error) {
    throw toThrow(error);
  }
}
