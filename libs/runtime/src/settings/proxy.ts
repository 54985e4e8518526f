import { IsBoolean, IsInt, Max, Min } from 'class-validator';
import { seconds } from '../duration';
import { Setting } from '../setting';

/** How the gateway reaches the APIs' upstreams. */
export class ProxySettings {
  @Setting({
    env: 'UPSTREAM_TIMEOUT',
    description: 'How long an upstream may be silent before its answer and within it: seconds, or with a unit.',
    parse: seconds,
  })
  @IsInt()
  @Min(1)
  @Max(3600)
  upstreamTimeout: number = 60;

  @Setting({
    env: 'UPSTREAM_PRIVATE_ADDRESSES',
    description: 'Whether upstreams may be at addresses of this machine and of private networks (RFC 6890).',
    default: { text: '`true`; `false` in production', value: (_, production) => !production },
  })
  @IsBoolean()
  upstreamPrivateAddresses: boolean;
}
