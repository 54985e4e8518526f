import { TOKEN_PREFIXES } from '@keyward/contracts';
import { createLogger, type Logger } from './logger';
import type { LogLevel } from './settings/process';

const CANARY = 'Canary-7d1e0b5c';

function lines(write: (logger: Logger) => void, level: LogLevel = 'trace'): Record<string, unknown>[] {
  const written: string[] = [];
  write(createLogger('token', { level, stream: { write: (line: string) => written.push(line) } }));
  return written.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('a line', () => {
  it('is JSON with an ISO time, a level by name and the service', () => {
    const [line] = lines((log) => log.info({ count: 2 }, 'counted'));
    expect(line).toMatchObject({ level: 'info', service: 'token', count: 2, message: 'counted' });
    expect(new Date(line!.time as string).toISOString()).toBe(line!.time);
  });

  it('is written from the level on', () => {
    expect(
      lines((log) => {
        log.debug('no');
        log.warn('yes');
        log.error('yes');
      }, 'warn').map(({ message }) => message),
    ).toEqual(['yes', 'yes']);
  });

  it('carries the fields of a child', () => {
    expect(lines((log) => log.child({ trace: 'abc' }).info('x'))[0]).toMatchObject({ trace: 'abc', message: 'x' });
  });

  it('has an error by type, message and stack', () => {
    const [line] = lines((log) => log.error({ message: 'unexpected failure', error: new TypeError('oh') }));
    expect(line).toMatchObject({ message: 'unexpected failure', error: { type: 'TypeError', message: 'oh' } });
    expect((line!.error as { stack: string }).stack).toContain('logger.spec');
  });

  it('keeps the codes of errors', () => {
    const [line] = lines((log) =>
      log.warn({ code: 'invalid_grant', error: Object.assign(new Error(), { code: '23505' }) }),
    );
    expect(line).toMatchObject({ code: 'invalid_grant', error: { code: '23505' } });
  });
});

describe('Nest', () => {
  it('talks of its start at debug', () => {
    expect(lines((log) => log.log('Mapped {/token, POST}', 'RouterExplorer'))[0]).toMatchObject({
      level: 'debug',
      context: 'RouterExplorer',
    });
    expect(lines((log) => log.log('hello', 'TokenController'))[0]).toMatchObject({ level: 'info' });
  });

  it('reports errors with stack and context', () => {
    const [line] = lines((log) => log.error('failed', 'Error: failed\n    at x (y:1)', 'ExceptionsHandler'));
    expect(line).toMatchObject({
      message: 'failed',
      context: 'ExceptionsHandler',
      stack: expect.stringContaining('at x'),
    });
  });
});

describe('RO-11 secrets', () => {
  const named = [
    'password', 'newPassword', 'client_secret', 'consumerSecret', 'Authorization', 'proxy-authorization', 'access_token',
    'refresh_token', 'id_token', 'token', 'tokens', 'secret', 'cookie', 'Set-Cookie', 'assertion', 'client_assertion',
    'code', 'code_verifier', 'device_code', 'KEY_ENCRYPTION_KEY', 'privateKey', 'credentials', 'apikey', 'DPoP',
  ]; // prettier-ignore

  it.each(named)('by the name %s do not reach the log, at any depth', (name) => {
    const secret = { [name]: CANARY };
    const written = lines((log) => {
      log.info(secret, 'x');
      log.info({ request: { headers: [{ deep: { deeper: secret } }] } }, 'x');
      log.info({ [name]: { inside: [CANARY] } }, 'x');
      log.child(secret).warn('x');
      log.error(Object.assign(new Error('x', { cause: secret }), secret));
    });
    expect(written).toHaveLength(5);
    expect(JSON.stringify(written)).not.toContain(CANARY);
  });

  it.each([
    `Authorization: Basic ${Buffer.from(`client:${CANARY}`).toString('base64')}`,
    `Bearer ${CANARY}`,
    `connect postgres://keyward:${CANARY}@db:5432/keyward failed`,
    `body grant_type=password&username=john&password=${CANARY}&scope=x`,
    `{"client_secret": "${CANARY}"}`,
    ...Object.keys(TOKEN_PREFIXES).map((prefix) => `as ${prefix}_${CANARY}.`),
    `urn:ietf:params:oauth:request_uri:kpr_${CANARY}`,
    `eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiIxIn0.${CANARY}`,
  ])('in a text such as %j do not reach the log', (text) => {
    const basic = Buffer.from(`client:${CANARY}`).toString('base64');
    const written = lines((log) => {
      log.info(text);
      log.info({ detail: text }, text);
      log.error(new Error(text));
      log.error({ message: text, error: new Error('x', { cause: new Error(text) }) });
      log.log(text, 'RouterExplorer');
    });
    expect(written).toHaveLength(5);
    expect(JSON.stringify(written)).not.toContain(CANARY);
    expect(JSON.stringify(written)).not.toContain(basic);
  });

  it('in what a library hangs on its errors do not reach the log', () => {
    const error = Object.assign(new Error('duplicate key'), { parameters: [CANARY], query: `SELECT '${CANARY}'` });
    expect(JSON.stringify(lines((log) => log.error({ error }, 'x')))).not.toContain(CANARY);
  });

  it('are hidden in what refers to itself', () => {
    const circle: Record<string, unknown> = { password: CANARY };
    circle.self = circle;
    expect(JSON.stringify(lines((log) => log.info({ circle }, 'x')))).not.toContain(CANARY);
  });

  it('leave what is not secret readable', () => {
    const text = 'Basic authentication of john@johns.org at https://localhost:8243/token failed';
    expect(
      lines((log) => log.info({ token_type: 'Bearer', passwordGrant: true, password: false }, text))[0],
    ).toMatchObject({
      token_type: 'Bearer',
      passwordGrant: true,
      password: false,
      message: text,
    });
  });
});
