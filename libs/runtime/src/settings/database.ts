import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { isLoopback, IsReadableFile, IsUrl } from '../validators';
import { Setting, type Checked, type Problem } from '../setting';
import { isWeak } from '../weak';

/** A service's PostgreSQL. */
export class DatabaseSettings implements Checked {
  @Setting({
    env: 'DATABASE_URL',
    description: "`postgres://user:password@host:5432/database`, the user being the service's own role.",
    secret: true,
  })
  @IsUrl(['postgres', 'postgresql'])
  url: string;

  @Setting({
    env: 'DATABASE_CA_FILE',
    description: "PEM file with the CA of the server's certificate; TLS is required when it is set.",
  })
  @IsOptional()
  @IsReadableFile()
  caFile?: string;

  @Setting({ env: 'DATABASE_POOL_SIZE', description: 'Connections of one instance at most.' })
  @IsInt()
  @Min(1)
  @Max(500)
  poolSize: number = 10;

  problems(production: boolean): Problem[] {
    if (!production) return [];
    const { hostname, password } = new URL(this.url);
    const problems: Problem[] = [];
    if (!this.caFile && !isLoopback(hostname))
      problems.push({ field: 'caFile', expected: 'must name a CA in production, unless the database is on this host' });
    if (isWeak(decodeURIComponent(password)))
      problems.push({ field: 'url', expected: 'must not have a known default password' });
    return problems;
  }
}
