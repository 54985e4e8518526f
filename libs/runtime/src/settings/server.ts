import { IsArray, IsInt, IsOptional, IsString, Max, Min } from 'class-validator';
import { IsAddressRange, IsOrigin, IsReadableFile } from '../validators';
import { Setting, type Checked, type Problem } from '../setting';

/** The port of API Manager's gateway, which clients know. */
const HTTPS_PORT = 8243;

/** The gateway's listeners. */
export class ServerSettings implements Checked {
  @Setting({ env: 'PORT_OFFSET', toml: 'server.offset', description: 'Added to every port of the gateway.' })
  @IsInt()
  @Min(0)
  @Max(50000)
  offset: number = 0;

  @Setting({
    env: 'PUBLIC_URL',
    description: 'Where clients reach the gateway: scheme, host and port. The only source of the issuers.',
    default: {
      text: '`https://localhost:8243` plus the offset',
      value: (settings: ServerSettings) => `https://localhost:${settings.port}`,
    },
  })
  @IsOrigin(['https'])
  publicUrl: string;

  // Development answers this machine alone; a production gateway lives in a container, where only 0.0.0.0 is reached.
  @Setting({
    env: 'HOST',
    description: 'The address to listen on; `::` for IPv6 and IPv4.',
    default: {
      text: '`localhost`; `0.0.0.0` in production',
      value: (_, production) => (production ? '0.0.0.0' : 'localhost'),
    },
  })
  @IsString()
  host: string;

  @Setting({ env: 'HTTP_PORT', description: 'Plain HTTP as well, on this port plus the offset (API Manager: 8280).' })
  @IsOptional()
  @IsInt()
  @Min(1)
  @Max(65535)
  httpPort?: number;

  @Setting({ env: 'TLS_CERT_FILE', description: 'PEM file with the certificate chain. Production needs it.' })
  @IsOptional()
  @IsReadableFile()
  tlsCertFile?: string;

  @Setting({ env: 'TLS_KEY_FILE', description: 'PEM file with the private key of the certificate.' })
  @IsOptional()
  @IsReadableFile()
  tlsKeyFile?: string;

  @Setting({
    env: 'TRUSTED_PROXIES',
    description: 'Addresses and CIDR ranges, separated by commas, whose `X-Forwarded-For` is believed.',
  })
  @IsArray()
  @IsAddressRange({ each: true })
  trustedProxies: string[] = [];

  /** The HTTPS port with the offset. */
  get port(): number {
    return HTTPS_PORT + this.offset;
  }

  /** The plain HTTP port with the offset, when one is asked for. */
  get plainPort(): number | undefined {
    return this.httpPort === undefined ? undefined : this.httpPort + this.offset;
  }

  problems(production: boolean): Problem[] {
    const problems: Problem[] = [];
    const [cert, key] = [this.tlsCertFile, this.tlsKeyFile];
    if (!cert && (key || production)) problems.push({ field: 'tlsCertFile', expected: 'must name the certificate' });
    if (!key && (cert || production)) problems.push({ field: 'tlsKeyFile', expected: 'must name the private key' });
    if (this.plainPort !== undefined && this.plainPort > 65535)
      problems.push({ field: 'httpPort', expected: 'must not be greater than 65535 with the offset added' });
    return problems;
  }
}
