import { OWN_PATHS } from '@keyward/contracts';
import { BusSettings } from '@keyward/runtime';
import type { GatewayConfig } from '../config';
import { GatewayModule, type Services } from '../gateway.module';

const config = { bus: new BusSettings() } as GatewayConfig;

/** What Nest's decorators say of a controller or of one of its methods. */
const pathsOf = (decorated: object): string[] => [Reflect.getMetadata('path', decorated) as string | string[]].flat();

/** Every path that a controller serves. */
function routesOf(controller: new (...parts: never[]) => object): string[] {
  const methods = Object.getOwnPropertyNames(controller.prototype)
    .map((name) => (controller.prototype as Record<string, unknown>)[name])
    .filter((method): method is object => typeof method === 'function' && Reflect.hasMetadata('path', method));
  return pathsOf(controller).flatMap((prefix) =>
    methods.flatMap(pathsOf).map((path) => `/${prefix}/${path}`.replace(/\/+/g, '/')),
  );
}

it('an API can have no path that the gateway serves itself, at the root or for one organization', () => {
  const { controllers = [] } = GatewayModule.with(config, {} as Services);
  const routes = controllers.flatMap((controller) => routesOf(controller as never));
  expect(routes.length).toBeGreaterThan(30);
  // What begins with a dot is no context at all.
  const first = routes
    .map((route) => route.replace(/^\/t\/:orgkey/, '').split('/')[1] ?? '')
    .filter((part) => !part.startsWith('.'));
  expect([...new Set(first)].filter((part) => part !== '' && !OWN_PATHS.includes(part))).toEqual([]);
  expect(first).toEqual(expect.arrayContaining(['api', 'token', 'revoke', 'oauth2', 'jwks']));
});
