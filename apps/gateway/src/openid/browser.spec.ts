import type { FastifyRequest } from 'fastify';
import { Services, testGateway } from '../../test/started-gateway';
import { typedIn } from './browser';
import { sessionsOf } from './cookies';

it('abuse 35: a password that is longer than any is not its beginning', () => {
  const [longest, longer] = ['x'.repeat(1024), 'x'.repeat(1025)];
  expect(typedIn({ username: 'john', password: longest })).toEqual({ username: 'john', password: longest });
  expect(typedIn({ username: 'john', password: longer })).toEqual({ username: 'john', password: '' });
  expect(typedIn({ username: 'john', password: 'ö'.repeat(513) }).password).toBe('');
  expect(typedIn({ username: 'j'.repeat(385), password: 'x' }).username).toBe('');
});

it('a session is found behind those of many organizations', () => {
  const names = [...Array.from({ length: 50 }, (_, i) => `org-${i}`), 'johnsorg'];
  const cookie = names.map((name) => `__Host-keyward-session-${name}=of-${name}`).join('; ');
  const sessions = sessionsOf({ headers: { cookie } } as FastifyRequest);
  expect(sessions['johnsorg']).toBe('of-johnsorg');
});

it('what a form was answered with leads to its page when it is opened again by its address', async () => {
  const gateway = await testGateway(new Services());
  try {
    const at = async (path: string) => {
      const { status, headers } = await gateway.ask(path);
      return [status, headers.location];
    };
    const query = '?client_id=a&state=b%20c';
    expect(await at(`/consent${query}`)).toEqual([303, `/authorize${query}`]);
    expect(await at(`/t/johnsorg/consent${query}`)).toEqual([303, `/t/johnsorg/authorize${query}`]);
    expect(await at('/t/johnsorg/device/confirm?user_code=A')).toEqual([303, '/t/johnsorg/device?user_code=A']);
    expect(await at('/device/sign-in?user_code=A')).toEqual([303, '/device?user_code=A']);
    expect(await at('/t/johnsorg/account/withdraw')).toEqual([303, '/t/johnsorg/account']);
  } finally {
    await gateway.close();
  }
});
