import { createHash } from 'node:crypto';
import { ServiceError, type RegisterClient, type Registration } from '@keyward/contracts';
import { addressRange, type RegistrationLimitSettings } from '@keyward/runtime';
import { MoreThan, type EntityManager } from 'typeorm';
import { hashOf } from './access-token';
import { InitialAccessTokenEntity } from './initial-access-token.entity';
import { RegistrationEntity } from './registration.entity';

const HOUR_MS = 3_600_000;
/** How many addresses together may do what one may, in an hour. */
const ADDRESSES = 10;

/** By what right a client registers itself. */
export interface Admission {
  by: Registration['by'];
  tokenId: string | null;
  addressSlot: number;
}

// In one statement, so that of many who use it at once no more than it allows get through.
const USE = `
  UPDATE initial_access_tokens SET uses = uses + 1
  WHERE organization_id = $1 AND hash = $2 AND uses < max_uses AND expires_at > $3 RETURNING id`;

/**
 * Lets a registration in, by its token, or where anyone may; what it uses up is given back when its transaction fails. Throws
 * `invalid_token`.
 */
export async function admit(
  manager: EntityManager,
  { organizationId, accessToken, open, ip }: Pick<RegisterClient, 'organizationId' | 'accessToken' | 'open' | 'ip'>,
  now: number,
): Promise<Admission> {
  const addressSlot = slotOf(organizationId, ip);
  if (accessToken === undefined) {
    if (!open) throw new ServiceError('invalid_token', 'an initial access token is needed');
    return { by: 'open', tokenId: null, addressSlot };
  }
  const [used] = await manager.query<[{ id: string }[]]>(USE, [organizationId, hashOf(accessToken), new Date(now)]);
  const [token] = used;
  if (!token) throw new ServiceError('invalid_token', 'the initial access token is unknown, over or used up');
  return { by: 'token', tokenId: token.id, addressSlot };
}

/** The same without using anything up. */
export async function assertAdmissible(
  manager: EntityManager,
  request: Pick<RegisterClient, 'organizationId' | 'accessToken' | 'open' | 'ip'>,
  limits: RegistrationLimitSettings,
  now: number,
): Promise<void> {
  const { organizationId, accessToken, open, ip } = request;
  const token = accessToken === undefined ? null : await usableToken(manager, organizationId, accessToken, now);
  if (accessToken === undefined ? !open : !token)
    throw new ServiceError('invalid_token', 'the initial access token is unknown, over or used up');
  const by = accessToken === undefined ? 'open' : 'token';
  const admission: Admission = { by, tokenId: token?.id ?? null, addressSlot: slotOf(organizationId, ip) };
  await assertRoom(manager, organizationId, admission, limits, now);
}

const usableToken = async (manager: EntityManager, organizationId: string, token: string, now: number) => {
  const row = await manager.findOneBy(InitialAccessTokenEntity, { organizationId, hash: hashOf(token) });
  return row && row.uses < row.maxUses && row.expiresAt.getTime() > now ? row : null;
};

/** One registration of an organization at a time, so that limits hold. */
export async function queueUp(manager: EntityManager, organizationId: string): Promise<void> {
  await manager.query(`SELECT pg_advisory_xact_lock(hashtextextended('client-registrations ' || $1, 0))`, [
    organizationId,
  ]);
}

/** Throws `too_many_requests` where an organization, or one address in an hour, has registered enough. */
export async function assertRoom(
  manager: EntityManager,
  organizationId: string,
  { by, addressSlot }: Admission,
  { registeredClients, openRegistrations }: RegistrationLimitSettings,
  now: number,
): Promise<void> {
  if ((await manager.countBy(RegistrationEntity, { organizationId })) >= registeredClients)
    throw new ServiceError('too_many_requests', 'the organization has as many registered clients as it may', {
      retryAfter: HOUR_MS / 1000,
    });
  if (by === 'token') return;
  const lately = { organizationId, createdAt: MoreThan(new Date(now - HOUR_MS)) };
  const without = await manager.findBy(RegistrationEntity, [
    { ...lately, registeredBy: 'open' },
    { ...lately, registeredBy: 'user' },
  ]);
  const fromHere = without.filter((registration) => registration.addressSlot === addressSlot).length;
  if (fromHere >= openRegistrations || without.length >= openRegistrations * ADDRESSES)
    throw new ServiceError('too_many_requests', 'too many clients were registered lately', {
      retryAfter: HOUR_MS / 1000,
    });
}

/** Which of some slots an address is counted in at an organization. */
export function slotOf(organizationId: string, ip: string): number {
  const digest = createHash('sha256').update(`${organizationId} ${addressRange(ip)}`);
  return digest.digest().readUInt16BE();
}
