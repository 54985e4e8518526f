import type { GatewayConfig } from '../config';
import type { Services } from '../gateway.module';
import { issuerOf } from '../openid/metadata';
import { Knowledge } from './knowledge';
import { Proxy } from './proxy';
import { AccessTokens } from './tokens/access-tokens';
import { JwtReader } from './tokens/jwt-reader';
import { OpaqueReader } from './tokens/opaque-reader';
import { upstreamAgent } from './upstreams';

/** The API proxy of a gateway. */
export interface StartedProxy {
  proxy: Proxy;
  known: Knowledge;
  close(): Promise<void>;
}

/** Begins to follow what the proxy has to know. */
export function startProxy(config: GatewayConfig, { bus, organizations, revocations, keys }: Services): StartedProxy {
  const known = new Knowledge(bus);
  void known.start();
  const agent = upstreamAgent(config.proxy);
  const jwts = new JwtReader(keys, (orgkey) => issuerOf(config, orgkey));
  const proxy = new Proxy({
    known,
    organizations,
    tokens: new AccessTokens(jwts, new OpaqueReader(bus)),
    revocations,
    agent,
    host: new URL(config.server.publicUrl).host,
  });
  return {
    proxy,
    known,
    close: async () => {
      known.stop();
      await agent.close();
    },
  };
}
