import { NestFactory } from '@nestjs/core';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { Bus, type Wire } from '@keyward/bus';
import { ServiceError, type PageOwner } from '@keyward/contracts';
import {
  ConfigError,
  Organizations,
  readiness,
  Revocations,
  type Checks,
  type Logger,
  type Readiness,
} from '@keyward/runtime';
import type { GatewayConfig } from './config';
import { GatewayModule, type Services } from './gateway.module';
import { createAdapter } from './http/adapter';
import { Answers } from './http/answers';
import { closeGently } from './http/close';
import { serveHealth } from './http/health';
import { serveHttp2 } from './http/http2';
import { listenPlain, urlOf } from './http/listen';
import { serveProxied } from './http/proxied';
import { serveUpgrades } from './http/upgrades';
import { Routes } from './http/routes';
import { JwksCache } from './openid/jwks-cache';
import { Knowledge } from './proxy/knowledge';
import { ClientCertificates } from './possession/certificates';
import { startProxy } from './proxy/start';

/** A gateway that answers. */
export interface Gateway {
  /** Where it really listens: scheme, host and port. */
  readonly url: string;
  ready(): Promise<Readiness>;
  /** Finishes what is in hand. The wire stays open: it belongs to whoever opened it. */
  close(): Promise<void>;
}

/** Starts a gateway on the wire; without one it only forwards, to the remote key manager of its settings. */
export async function startGateway(config: GatewayConfig, wire: Wire | undefined, logger: Logger): Promise<Gateway> {
  if (!wire && !config.bus.remoteKeyManager)
    throw new ConfigError(['NATS_URL and KEY_MANAGER_URL are missing: one must be there']);
  let closing = false;
  const routes = new Routes();
  const services = wire && servicesOn(wire, config);
  const answers = new Answers(logger, (orgkey) => ownerOf(orgkey, services));
  const adapter = createAdapter(config, answers, routes, () => closing);
  const proxied = services && startProxy(config, services);
  if (proxied) serveProxied(adapter.getInstance(), proxied.proxy, routes, answers, logger);
  const app = await NestFactory.create<NestFastifyApplication>(GatewayModule.with(config, services), adapter, {
    logger,
    bodyParser: false,
    abortOnError: false,
  });
  app.useGlobalFilters(answers);
  const checks = services ? checksOf(services) : {};
  void services?.organizations.start();
  void services?.revocations.start();
  void services?.known.start();
  const ready = () => readiness({ ...checks, open: () => !closing });
  serveHealth(adapter.getInstance(), ready);
  if (proxied) serveUpgrades(app.getHttpServer(), adapter.getInstance());
  const http2 = config.server.http2 ? serveHttp2(app.getHttpServer(), adapter.getInstance()) : undefined;
  await app.listen(config.server.port, config.server.host);
  const plain = await listenPlain(config, adapter.getInstance(), logger);

  return {
    url: urlOf(app.getHttpServer()),
    ready,
    close: async () => {
      closing = true;
      proxied?.proxy.closeWebSockets();
      await closeGently(app, plain, http2);
      services?.organizations.stop();
      services?.known.stop();
      await proxied?.close();
      services?.revocations.stop();
    },
  };
}

/** Unknown while nothing certain is: an error page is shown all the same. */
function ownerOf(orgkey: string, services: Services | undefined): PageOwner | undefined {
  try {
    return services?.organizations.activeByKey(orgkey);
  } catch (error) {
    if (error instanceof ServiceError) return undefined;
    throw error;
  }
}

function servicesOn(wire: Wire, { oauth, server, bus: { degradedLimitMs } }: GatewayConfig): Services {
  const bus = new Bus(wire);
  const revocations = new Revocations(bus, { passwordChange: oauth.revokeOnPasswordChange, degradedLimitMs });
  return {
    bus,
    organizations: new Organizations(bus, degradedLimitMs),
    revocations,
    keys: new JwksCache(bus, (kid) => revocations.isKeyRevoked(kid)),
    known: new Knowledge(bus, degradedLimitMs),
    certificates: new ClientCertificates(server),
  };
}

const checksOf = ({ bus, organizations, revocations, known }: Services): Checks => ({
  // Cut off it goes on with what it knows, for a while.
  bus: () => (bus.connected ? 'ready' : 'degraded'),
  organizations: () => organizations.state,
  revocations: () => revocations.state,
  apis: () => known.state,
});
