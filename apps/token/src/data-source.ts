import { createDataSource } from '@keyward/database';
import type { DatabaseSettings } from '@keyward/runtime';
import type { DataSource } from 'typeorm';
import { TOKEN_MIGRATIONS } from './migrations';

/** The token service's schema and what makes it. */
export const TOKEN_SCHEMA = { schema: 'token', migrations: TOKEN_MIGRATIONS };

/** What is not isolated by organization, with its reason. */
export const TOKEN_EXCEPTIONS: Readonly<Record<string, string>> = {
  'token.dpop_nonce_keys':
    'one key of the service itself for the nonces of all organizations, which are in what it signs',
};

/** No entities: its tables are asked by hand-written SQL alone. */
export const tokenDataSource = ({ url, caFile, poolSize }: DatabaseSettings): DataSource =>
  createDataSource({ url, caFile, poolSize, schema: TOKEN_SCHEMA.schema });
