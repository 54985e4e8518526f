import { IsInt, IsOptional, Max, Min, MinLength } from 'class-validator';
import { isLoopback, IsReadableFile, IsUrl } from '../validators';
import { Setting, type Checked, type Problem } from '../setting';
import { IsNotWeak, isWeak } from '../weak';

/** How far a link to PostgreSQL is trusted. */
export class DatabaseLinkSettings {
  @Setting({
    env: 'DATABASE_CA_FILE',
    description: "PEM file with the CA of the server's certificate; TLS is required when it is set.",
  })
  @IsOptional()
  @IsReadableFile()
  caFile?: string;

  /** Whether a link to this host would be a plain one over a network. */
  protected isPlain(hostname: string): boolean {
    return !this.caFile && !isLoopback(hostname) && !isSocket(hostname);
  }
}

/** A Unix socket is named by its directory, encoded as a host. */
const isSocket = (hostname: string): boolean => /^%2f/i.test(hostname);

/** What a link that is plain is told in production. */
const NEEDS_CA = 'must name a CA in production, unless the database is on this host';

/** A service's PostgreSQL. */
export class DatabaseSettings extends DatabaseLinkSettings implements Checked {
  @Setting({
    env: 'DATABASE_URL',
    description:
      "`postgres://user:password@host:5432/database`, the user being the service's own role; a host `%2Frun%2Fpostgresql` is the directory of a Unix socket.",
    secret: true,
  })
  @IsUrl(['postgres', 'postgresql'])
  url: string;

  /** One is for the hot path, and one of the others may be held by what needs a second, as the key manager's schedule does. */
  @Setting({ env: 'DATABASE_POOL_SIZE', description: 'Connections of one instance at most.' })
  @IsInt()
  @Min(3)
  @Max(500)
  poolSize: number = 10;

  problems(production: boolean): Problem[] {
    if (!production) return [];
    const { hostname, password } = new URL(this.url);
    const problems: Problem[] = [];
    if (this.isPlain(hostname)) problems.push({ field: 'caFile', expected: NEEDS_CA });
    if (isWeak(decodeURIComponent(password)))
      problems.push({ field: 'url', expected: 'must not have a known default password' });
    return problems;
  }
}

/** What prepares and migrates the database, before any service. */
export class MigrationSettings extends DatabaseLinkSettings implements Checked {
  @Setting({
    env: 'DATABASE_ADMIN_URL',
    description:
      '`postgres://user:password@host:5432/database`, the user being allowed to create roles and schemas; the host as in `DATABASE_URL`.',
    secret: true,
  })
  @IsUrl(['postgres', 'postgresql'])
  adminUrl: string;

  @Setting({
    env: 'DIRECTORY_DATABASE_PASSWORD',
    description: "The password that the directory's database role, `keyward_directory`, shall have.",
    secret: true,
  })
  @MinLength(16)
  @IsNotWeak()
  directory: string;

  @Setting({
    env: 'KEY_MANAGER_DATABASE_PASSWORD',
    description: 'The same for the key manager, `keyward_key_manager`.',
    secret: true,
  })
  @MinLength(16)
  @IsNotWeak()
  keyManager: string;

  @Setting({
    env: 'CATALOG_DATABASE_PASSWORD',
    description: 'The same for the catalog, `keyward_catalog`.',
    secret: true,
  })
  @MinLength(16)
  @IsNotWeak()
  catalog: string;

  @Setting({
    env: 'TOKEN_DATABASE_PASSWORD',
    description: 'The same for the token service, `keyward_token`.',
    secret: true,
  })
  @MinLength(16)
  @IsNotWeak()
  token: string;

  problems(production: boolean): Problem[] {
    if (!production || !this.isPlain(new URL(this.adminUrl).hostname)) return [];
    return [{ field: 'caFile', expected: NEEDS_CA }];
  }
}
