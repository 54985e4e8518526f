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
    env: 'UPSTREAM_REQUESTS',
    description:
      'How many requests an API may have at an upstream at once. As many more wait for a second, then they are answered 503; an organization has four times as many.',
  })
  @IsInt()
  @Min(1)
  @Max(10_000)
  upstreamRequests: number = 256;

  @Setting({
    env: 'UPSTREAM_PRIVATE_ADDRESSES',
    description: 'Whether upstreams may be at addresses of this machine and of private networks (RFC 6890).',
    default: { text: '`true`; `false` in production', value: (_, production) => !production },
  })
  @IsBoolean()
  upstreamPrivateAddresses: boolean;
}
