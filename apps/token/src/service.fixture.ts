import { Bus, openWire, startCall } from '@keyward/bus';
import {
  introspectToken,
  issueToken,
  readAccessToken,
  revokeToken,
  ServiceError,
  verifyBearer,
  type TokenResponse,
} from '@keyward/contracts';
import {
  createLogger,
  DatabaseSettings,
  IssuerSettings,
  OAuthSettings,
  OutboundSettings,
  SessionSettings,
} from '@keyward/runtime';
import type { Clock } from './clock';
import { startNeighbours, type Person } from './neighbours.fixture';
import { startToken } from './start';

export type Form = Record<string, string>;

/** A client's credentials, as the fixture's key manager knows them. */
export const as = (clientId: string): Form => ({ client_id: clientId, client_secret: `${clientId}-secret` });

export const ISSUER = 'https://keyward.example:8243/t/johnsorg';

/** A call with time enough for a slow machine. */
export const call = () => startCall(20_000);

/** The token service on a NATS server and a database, its neighbours, and the messages that reach it. */
export async function startScene(natsUrl: string, databaseUrl: string, clock: Clock) {
  const oauth = new OAuthSettings();
  const neighbours = await startNeighbours(natsUrl, clock);
  const [own, gateway] = [
    await openWire({ url: natsUrl, name: 'token' }),
    await openWire({ url: natsUrl, name: 'gateway' }),
  ];
  const database = Object.assign(new DatabaseSettings(), { url: databaseUrl });
  const issuer = Object.assign(new IssuerSettings(), { publicUrl: 'https://keyward.example:8243' });
  const logger = createLogger('token', { level: 'silent' });
  const settings = { database, issuer, oauth, sessions: new SessionSettings(), outbound: new OutboundSettings() };
  const service = await startToken(settings, own, logger, clock);
  const bus = new Bus(gateway);
  while ((await service.ready?.())?.status !== 'ready') await new Promise((resolve) => setTimeout(resolve, 10));

  const issue = (params: Form, more: { authorization?: string; organizationId?: string } = {}) =>
    bus.call(issueToken, { params, ip: '127.0.0.1', ...more }, call());
  return {
    ...{ oauth, neighbours, bus, issue },
    /** The token answer to a user, john of `johnsorg` when not named, with the right password. */
    signIn: async (clientId: string, more: Form = {}, [person]: (Person | undefined)[] = neighbours.people) => {
      const password = `${person?.sub}-password`;
      return issue({ ...as(clientId), grant_type: 'password', username: 'john', password, ...more });
    },
    introspect: (params: Form) => bus.call(introspectToken, { params, ip: '127.0.0.1' }, call()),
    revoke: (params: Form) => bus.call(revokeToken, { params, ip: '127.0.0.1' }, call()),
    verify: (token: string) => bus.call(verifyBearer, { token }, call()),
    read: (organizationId: string, token: string) => bus.call(readAccessToken, { organizationId, token }, call()),
    close: async () => {
      await service.close();
      await Promise.all([own.close(), gateway.close(), neighbours.close()]);
    },
  };
}
export type Scene = Awaited<ReturnType<typeof startScene>>;

/** What a message is refused with. */
export const refusalOf = (answer: Promise<object>): Promise<{ code: string; description?: string }> =>
  answer.then(
    () => ({ code: 'answered' }),
    (error: unknown) => {
      if (!(error instanceof ServiceError)) throw error;
      return { code: error.code, description: error.description };
    },
  );

/** A refresh request. */
export const refresh = (clientId: string, { refresh_token: token }: Partial<TokenResponse>, more: Form = {}): Form => ({
  ...as(clientId),
  grant_type: 'refresh_token',
  refresh_token: token ?? '',
  ...more,
});
