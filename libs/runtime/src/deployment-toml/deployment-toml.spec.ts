import { join } from 'node:path';
import { loadConfig } from '../config';
import { BusSettings } from '../settings/bus';
import { OAuthSettings } from '../settings/oauth';
import { ServerSettings } from '../settings/server';
import { checkKeys } from './check-keys';
import { parseDeploymentToml, readDeploymentToml } from './read';

const classes = { server: ServerSettings, bus: BusSettings, oauth: OAuthSettings };

function load(fixture: string) {
  const warnings: string[] = [];
  const toml = readDeploymentToml(join(__dirname, 'fixtures', fixture));
  return { ...loadConfig(classes, { env: {}, toml, warn: (text) => warnings.push(text) }), warnings };
}

describe('a deployment.toml of API Manager', () => {
  it('4 loads: its lifetimes and grants are used, the rest is a warning a table', () => {
    const { server, bus, oauth, warnings } = load('api-manager-4.toml');
    expect([server.port, bus.keyManagerUrl]).toEqual([8245, undefined]);
    expect(oauth).toMatchObject({
      passwordGrant: false,
      userAccessTokenLifetime: 1800,
      applicationAccessTokenLifetime: 7200,
      refreshTokenLifetime: 604_800,
    });
    expect(warnings).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^\[server\] in .*: Keyward does not use hostname, base_path, server_role$/),
        expect.stringMatching(/^\[apim.cors\] in .*: Keyward does not use allow_origins, allow_methods/),
        expect.stringMatching(/^apim.key_manager.service_url in .* is a template of API Manager$/),
      ]),
    );
  });

  it('3 with a key manager of its own loads: the gateway forwards to it', () => {
    const { bus, warnings } = load('api-manager-3-gateway.toml');
    expect(bus.remoteKeyManager).toBe('https://is.example.com:9443');
    expect(warnings).toHaveLength(20);
  });

  it('does not show the values that are not used', () => {
    expect(load('api-manager-4.toml').warnings.join()).not.toMatch(/admin_password|client-truststore/);
  });
});

describe('a key that nobody knows', () => {
  it.each([
    ['[server]\nofset = 1', 'server.ofset', 'server.offset'],
    [
      '[oauth.grant_type.pasword]\nenable = true',
      'oauth.grant_type.pasword.enable',
      'oauth.grant_type.password.enable',
    ],
    [
      '[aouth.token_validation]\nrefresh_token_validity = 1',
      'aouth.token_validation.refresh_token_validity',
      'oauth.token_validation.refresh_token_validity',
    ],
    ['[apim.key_manager]\nserviceurl = ""', 'apim.key_manager.serviceurl', 'apim.key_manager.service_url'],
    ['[apim.crs]\nallow_origins = "*"', 'apim.crs.allow_origins', 'apim.cors.allow_origins'],
  ])('%j is a mistake with the nearest one', (text, found, nearest) => {
    expect(checkKeys(parseDeploymentToml(text))).toEqual([
      `${found} in deployment.toml is not a setting: did you mean ${nearest}?`,
    ]);
  });

  it('has no suggestion when nothing is near', () => {
    expect(checkKeys(parseDeploymentToml('[bananas]\ncolour = "yellow"'))).toEqual([
      'bananas.colour in deployment.toml is not a setting: must be a known key',
    ]);
  });

  it('is one in a table of an array too', () => {
    const text = '[[event_handler]]\nname = "a"\n[[oauth.token_validation]]\nuser_acces_token_validity = 1';
    expect(checkKeys(parseDeploymentToml(text))).toHaveLength(1);
  });
});

describe('a file that is no TOML', () => {
  it('is named with line and column', () => {
    expect(() => parseDeploymentToml('[server]\noffset = = 1')).toThrow(/deployment.toml, line 2, column 10: /);
  });

  it('or is not there is named, but only when it was asked for', () => {
    expect(() => readDeploymentToml('/nowhere/deployment.toml')).toThrow(/DEPLOYMENT_TOML is "\/nowhere/);
    expect(readDeploymentToml(undefined)).toBeUndefined();
  });
});
