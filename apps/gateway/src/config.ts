import {
  BusSettings,
  ConfigError,
  OAuthSettings,
  ProcessSettings,
  ProxySettings,
  ServerSettings,
  type Config,
} from '@keyward/runtime';

/** The settings a gateway reads. */
export const gatewaySettings = {
  process: ProcessSettings,
  server: ServerSettings,
  bus: BusSettings,
  oauth: OAuthSettings,
  proxy: ProxySettings,
};
export type GatewayConfig = Config<typeof gatewaySettings>;
/** Where Nest finds the settings: they are data, not a class. */
export const GATEWAY_CONFIG = Symbol('GatewayConfig');

/** What a request waits for at most, milliseconds: every service it reaches sees what is left of it. */
export const DEADLINE_MS = 2500;

/** The certificate to serve with. Throws a ConfigError when none is set: a replica never makes its own. */
export function certificateOf({ server }: GatewayConfig): { certFile: string; keyFile: string } {
  const { tlsCertFile, tlsKeyFile } = server;
  if (!tlsCertFile || !tlsKeyFile)
    throw new ConfigError([
      'TLS_CERT_FILE and TLS_KEY_FILE are missing: must name the certificate and its private key',
    ]);
  return { certFile: tlsCertFile, keyFile: tlsKeyFile };
}
