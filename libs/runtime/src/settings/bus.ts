import { IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { ConfigError } from '../config-error';
import { DEGRADED_LIMIT_MS } from '../degraded-limit';
import { seconds } from '../duration';
import { isLoopback, IsOrigin, IsReadableFile, IsUrl } from '../validators';
import { Setting, type Checked, type Problem } from '../setting';
import { isWeak } from '../weak';

/** How the services reach each other. */
export class BusSettings implements Checked {
  @Setting({ env: 'NATS_URL', description: 'The NATS server, `nats://host:4222` or `tls://host:4222`.' })
  @IsOptional()
  @IsOrigin(['nats', 'tls'])
  natsUrl?: string;

  @Setting({ env: 'NATS_USER', description: "This service's user at NATS; each service has its own." })
  @IsOptional()
  @IsString()
  user?: string;

  @Setting({ env: 'NATS_PASSWORD', description: 'The password of that user.', secret: true })
  @IsOptional()
  @IsString()
  password?: string;

  @Setting({ env: 'NATS_CA_FILE', description: "PEM file with the CA of the NATS server's certificate." })
  @IsOptional()
  @IsReadableFile()
  caFile?: string;

  @Setting({ env: 'BUS_MAX_IN_FLIGHT', description: 'Messages worked on at once; what is over is refused.' })
  @IsInt()
  @Min(1)
  @Max(100_000)
  maxInFlight: number = 1024;

  @Setting({
    env: 'DEGRADED_LIMIT',
    description:
      'How long a gateway that is cut off from the other services goes on with what it knows, `degraded`, before it refuses all: seconds, or with a unit.',
    parse: seconds,
  })
  @IsInt()
  @Min(5)
  @Max(3600)
  degradedLimit: number = DEGRADED_LIMIT_MS / 1000;

  @Setting({
    env: 'KEY_MANAGER_URL',
    toml: 'apim.key_manager.service_url',
    description:
      '`nats://` or `tls://`: the services on that NATS server. `https://`: the token endpoints of a remote key manager, of whose URL scheme, host and port count.',
  })
  @IsOptional()
  @IsUrl(['nats', 'tls', 'https'])
  keyManagerUrl?: string;

  @Setting({ env: 'KEY_MANAGER_CA_FILE', description: "PEM file with the CA of a remote key manager's certificate." })
  @IsOptional()
  @IsReadableFile()
  keyManagerCaFile?: string;

  get degradedLimitMs(): number {
    return this.degradedLimit * 1000;
  }

  /** The NATS server, by either name; absent in one process, and at a gateway that only forwards. */
  get url(): string | undefined {
    return this.natsUrl ?? (this.keyManagerUrl?.startsWith('https:') ? undefined : this.keyManagerUrl);
  }

  /** Scheme, host and port of a remote key manager: real values end in `/services/`, which is left out. */
  get remoteKeyManager(): string | undefined {
    return this.keyManagerUrl?.startsWith('https:') ? new URL(this.keyManagerUrl).origin : undefined;
  }

  /** What `openWire` of `@keyward/bus` takes. Throws a ConfigError when no NATS server is named. */
  wire<Name extends string>(name: Name) {
    const { url, user, password, caFile, maxInFlight } = this;
    if (!url) throw new ConfigError(['NATS_URL is missing: must name the NATS server of the services']);
    return { url, name, user, password, caFile, maxInFlight };
  }

  problems(production: boolean): Problem[] {
    const { natsUrl, keyManagerUrl } = this;
    const problems: Problem[] = [];
    const plain = (url?: string) => url?.startsWith('nats:') && !isLoopback(new URL(url).hostname);
    for (const field of ['natsUrl', 'keyManagerUrl'] as const)
      if (production && plain(this[field])) problems.push({ field, expected: 'must be tls:// in production' });
    if (production && this.password !== undefined && isWeak(this.password))
      problems.push({ field: 'password', expected: 'must not be a known default' });
    if (natsUrl && keyManagerUrl && !this.remoteKeyManager && natsUrl !== keyManagerUrl)
      problems.push({ field: 'keyManagerUrl', expected: 'must be the same server as NATS_URL, or https://' });
    return problems;
  }
}
