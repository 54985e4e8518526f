import { IsArray, IsBoolean, IsInt, IsOptional, IsString, Matches, Max, Min } from 'class-validator';
import { IsAddressRange, IsReadableFile } from '../validators';
import { IssuerSettings } from './issuer';
import { Setting, type Checked, type Problem } from '../setting';

/** The gateway's listeners. */
export class ServerSettings extends IssuerSettings implements Checked {
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

  @Setting({ env: 'HTTP2', description: 'Whether HTTP/2 is offered to clients beside HTTP/1.1 (`true`, `false`).' })
  @IsBoolean()
  http2: boolean = true;

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

  @Setting({
    env: 'CLIENT_CERTIFICATE_HEADER',
    description:
      "The header in which the trusted proxies tell a client's certificate (RFC 9440, or a PEM percent-encoded as nginx has it). They must drop it from what clients send.",
  })
  @IsOptional()
  @Matches(/^[A-Za-z\d-]{1,100}$/)
  clientCertificateHeader?: string;

  @Setting({
    env: 'CLIENT_CERTIFICATE_CA_FILE',
    description: 'PEM file of the authorities that issue the certificates of `tls_client_auth`.',
  })
  @IsOptional()
  @IsReadableFile()
  clientCertificateCaFile?: string;

  /** The plain HTTP port with the offset, when one is asked for. */
  get plainPort(): number | undefined {
    return this.httpPort === undefined ? undefined : this.httpPort + this.offset;
  }

  problems(production: boolean): Problem[] {
    const problems: Problem[] = [];
    const [cert, key] = [this.tlsCertFile, this.tlsKeyFile];
    if (!cert && (key || production)) problems.push({ field: 'tlsCertFile', expected: 'must name the certificate' });
    if (!key && (cert || production)) problems.push({ field: 'tlsKeyFile', expected: 'must name the private key' });
    if (this.clientCertificateHeader && this.trustedProxies.length === 0)
      problems.push({ field: 'clientCertificateHeader', expected: 'needs TRUSTED_PROXIES: who else would say it' });
    if (this.plainPort !== undefined && this.plainPort > 65535)
      problems.push({ field: 'httpPort', expected: 'must not be greater than 65535 with the offset added' });
    return problems;
  }
}
