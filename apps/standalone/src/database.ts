import { CATALOG_SCHEMA } from '@keyward/catalog';
import { migrate, prepareDatabase } from '@keyward/database';
import { DIRECTORY_SCHEMA } from '@keyward/directory';
import { KEY_MANAGER_SCHEMA } from '@keyward/key-manager';
import { TOKEN_SCHEMA } from '@keyward/token';

/** The passwords that the services' database roles shall have. */
export interface DatabasePasswords {
  directory: string;
  keyManager: string;
  catalog: string;
  token: string;
}

/** Creates the roles and schemas of the services and brings them up to date; answers what ran. */
export async function migrateAll(
  adminUrl: string,
  passwords: DatabasePasswords,
  options: { caFile?: string } = {},
): Promise<string[]> {
  const services = [
    { ...DIRECTORY_SCHEMA, password: passwords.directory },
    { ...KEY_MANAGER_SCHEMA, password: passwords.keyManager },
    { ...CATALOG_SCHEMA, password: passwords.catalog },
    { ...TOKEN_SCHEMA, password: passwords.token },
  ];
  await prepareDatabase(adminUrl, services, options);
  const ran: string[] = [];
  for (const service of services) ran.push(...(await migrate({ adminUrl, ...options, service })));
  return ran;
}
