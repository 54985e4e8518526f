import type { GatewayConfig } from '../config';
import type { Services } from '../gateway.module';
import { issuerOf } from '../openid/metadata';
import { Assertions } from './assertions/assertions';
import { Holders } from './holders';
import { ForeignTokens } from './issuers/foreign-tokens';
import { IssuerKeys } from './issuers/issuer-keys';
import { Proxy } from './proxy';
import { Throttling } from './throttling/throttling';
import { Usage } from './usage/usage';
import { AccessTokens } from './tokens/access-tokens';
import { JwtReader } from './tokens/jwt-reader';
import { OpaqueReader } from './tokens/opaque-reader';
import { openUpstreams } from './upstreams';

/** The API proxy of a gateway. */
export interface StartedProxy {
  proxy: Proxy;
  close(): Promise<void>;
}

/** The proxy, with its connections to upstreams. */
export function startProxy(config: GatewayConfig, services: Services): StartedProxy {
  const { bus, organizations, revocations, keys, known, certificates } = services;
  const upstreams = openUpstreams(config.proxy);
  const issuer = (orgkey: string) => issuerOf(config, orgkey);
  const jwts = new JwtReader(keys, issuer);
  const foreign = new ForeignTokens(known.issuers, new IssuerKeys(bus, config.bus.degradedLimitMs), issuer);
  const usage = new Usage(bus);
  usage.start();
  const proxy = new Proxy({
    known,
    organizations,
    tokens: new AccessTokens(jwts, new OpaqueReader(bus), foreign),
    revocations,
    assertions: new Assertions(bus, keys),
    usage,
    throttling: new Throttling(bus, known.plans),
    holders: new Holders(bus, config.server.publicUrl, certificates),
    upstreams,
    host: new URL(config.server.publicUrl).host,
  });
  return {
    proxy,
    close: async () => {
      await usage.stop();
      await upstreams.agent.close();
    },
  };
}
