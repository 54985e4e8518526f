import { IsInt, Max, Min } from 'class-validator';
import { IsOrigin } from '../validators';
import { Setting } from '../setting';

/** The port of API Manager's gateway, which clients know. */
const HTTPS_PORT = 8243;

/** Where clients reach Keyward, and so the names of its issuers. */
export class IssuerSettings {
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
      value: (settings: IssuerSettings) => `https://localhost:${settings.port}`,
    },
  })
  @IsOrigin(['https'])
  publicUrl: string;

  /** The HTTPS port with the offset. */
  get port(): number {
    return HTTPS_PORT + this.offset;
  }
}
