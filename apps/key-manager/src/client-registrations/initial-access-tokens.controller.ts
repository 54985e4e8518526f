import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  createInitialAccessToken,
  Empty,
  listInitialAccessTokens,
  revokeInitialAccessToken,
  ServiceError,
  type CreatedInitialAccessToken,
  type CreateInitialAccessToken,
  type InitialAccessTokenPage,
  type ListInitialAccessTokens,
  type NameInitialAccessToken,
} from '@keyward/contracts';
import { inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, LessThan, MoreThan } from 'typeorm';
import { Clock } from '../clock';
import { hashOf, newAccessToken } from './access-token';
import { InitialAccessTokenEntity, initialAccessTokenOf } from './initial-access-token.entity';

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MOST_TOKENS = 200;
const DAY_MS = 86_400_000;
/** How long those that have expired are still listed. */
const LISTED_MS = 30 * DAY_MS;

/** The tokens that let clients register at an organization, RFC 7591 §1.2. */
@Controller()
export class InitialAccessTokensController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  @Handle(createInitialAccessToken)
  async create(request: CreateInitialAccessToken): Promise<CreatedInitialAccessToken> {
    const { organizationId, description = '', maxUses = 1, lifetime } = request;
    if (/[\p{Cc}\p{Cs}]/u.test(description))
      throw new ServiceError('invalid_request', 'description must not contain control characters');
    const now = this.clock.now();
    const initialAccessToken = newAccessToken('kiat');
    const token: InitialAccessTokenEntity = {
      ...{ organizationId, id: randomUUID(), description, hash: hashOf(initialAccessToken), maxUses, uses: 0 },
      expiresAt: new Date(now + (lifetime === undefined ? DAY_MS : lifetime * 1000)),
      createdAt: new Date(now),
    };
    await inOrganization(this.dataSource, organizationId, async (manager) => {
      const expiresAt = LessThan(new Date(now - LISTED_MS));
      await manager.delete(InitialAccessTokenEntity, { organizationId, expiresAt });
      if ((await manager.countBy(InitialAccessTokenEntity, { organizationId })) >= MOST_TOKENS)
        throw new ServiceError('conflict', `an organization has ${MOST_TOKENS} of these at most: revoke some`);
      await manager.insert(InitialAccessTokenEntity, token);
    });
    return { token: initialAccessTokenOf(token), initialAccessToken };
  }

  @Handle(listInitialAccessTokens)
  async list({ organizationId, after, limit }: ListInitialAccessTokens): Promise<InitialAccessTokenPage> {
    if (after !== undefined && !UUID.test(after))
      throw new ServiceError('invalid_request', 'after is not the end of a page');
    const where = { organizationId, ...(after !== undefined && { id: MoreThan(after) }) };
    const rows = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.find(InitialAccessTokenEntity, { where, order: { id: 'ASC' }, take: limit + 1 }),
    );
    return pageOf(rows.map(initialAccessTokenOf), limit, ({ id }) => id);
  }

  @Handle(revokeInitialAccessToken)
  async revoke({ organizationId, id }: NameInitialAccessToken): Promise<Empty> {
    const gone = await inOrganization(this.dataSource, organizationId, async (manager) =>
      UUID.test(id) ? manager.delete(InitialAccessTokenEntity, { organizationId, id }) : undefined,
    );
    if (!gone?.affected) throw new ServiceError('not_found', 'no such initial access token');
    return new Empty();
  }
}
