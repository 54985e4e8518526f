import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { TOKEN_MIGRATIONS } from './migrations';

/** The token service's schema and what makes it. */
export const TOKEN_SCHEMA = { schema: 'token', migrations: TOKEN_MIGRATIONS };

/** No entities: its tables are asked by hand-written SQL alone. */
export const tokenDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({ url, caFile, poolSize, schema: TOKEN_SCHEMA.schema });
