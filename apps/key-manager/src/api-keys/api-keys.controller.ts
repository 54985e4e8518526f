import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  deleteApiKey,
  Empty,
  findApiKey,
  generateApiKey,
  listApiKeys,
  ServiceError,
  updateApiKey,
  type ApiKey,
  type ApiKeyPage,
  type GenerateApiKey,
  type GeneratedApiKey,
  type ListApiKeys,
  type NameApiKey,
  type TokenPrefix,
  type UpdateApiKey,
} from '@keyward/contracts';
import { inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { findApplication } from '../applications/find-application';
import { Clock } from '../clock';
import { ApiKeyEntity, apiKeyOf } from './api-key.entity';
import { ApiKeyFeed } from './api-key-feed';
import { settingsFrom } from './api-key-settings';

const PREFIX: TokenPrefix = 'kak';
const NO_LIMITS = { name: '', addresses: [], referrers: [], expiresAt: null };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** `key-manager.api-key.*`. */
@Controller()
export class ApiKeysController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feed: ApiKeyFeed,
    private readonly clock: Clock,
  ) {}

  @Handle(generateApiKey)
  async generate(request: GenerateApiKey): Promise<GeneratedApiKey> {
    const { organizationId, kind = 'production' } = request;
    const settings = settingsFrom(NO_LIMITS, request);
    const apiKey = `${PREFIX}_${randomBytes(32).toString('base64url')}`;
    const key = await this.feed.write(organizationId, async (manager) => {
      const { id: applicationId } = await findApplication(manager, request);
      const made: ApiKeyEntity = {
        ...{ organizationId, id: randomUUID(), applicationId, kind, state: 'active', ...settings },
        ...{ hash: createHash('sha256').update(apiKey).digest(), createdAt: new Date(this.clock.now()) },
      };
      await manager.insert(ApiKeyEntity, made);
      return made;
    });
    return { key: apiKeyOf(key), apiKey };
  }

  @Handle(listApiKeys)
  async list({ after, limit, ...request }: ListApiKeys): Promise<ApiKeyPage> {
    if (after !== undefined && !UUID.test(after))
      throw new ServiceError('invalid_request', 'after is not the end of a page');
    const { organizationId } = request;
    const found = await inOrganization(this.dataSource, organizationId, async (manager) => {
      const { id: applicationId } = await findApplication(manager, request);
      const where = { organizationId, applicationId, ...(after !== undefined && { id: MoreThan(after) }) };
      return manager.find(ApiKeyEntity, { where, order: { id: 'ASC' }, take: limit + 1 });
    });
    return pageOf(found.map(apiKeyOf), limit, ({ id }) => id);
  }

  @Handle(findApiKey)
  async find(request: NameApiKey): Promise<ApiKey> {
    return apiKeyOf(
      await inOrganization(this.dataSource, request.organizationId, (manager) => keyNamed(manager, request)),
    );
  }

  @Handle(updateApiKey)
  async update(request: UpdateApiKey): Promise<ApiKey> {
    const key = await this.feed.write(request.organizationId, async (manager) => {
      const before = await keyNamed(manager, request);
      const changes = { ...settingsFrom(before, request), state: request.state ?? before.state };
      await manager.update(ApiKeyEntity, { organizationId: before.organizationId, id: before.id }, changes);
      return { ...before, ...changes };
    });
    return apiKeyOf(key);
  }

  @Handle(deleteApiKey)
  async delete(request: NameApiKey): Promise<Empty> {
    await this.feed.write(request.organizationId, async (manager) => {
      const key = await keyNamed(manager, request);
      await manager.delete(ApiKeyEntity, { organizationId: key.organizationId, id: key.id });
      return { ...key, state: 'disabled' };
    });
    return new Empty();
  }
}

async function keyNamed(manager: EntityManager, request: NameApiKey): Promise<ApiKeyEntity> {
  const { id: applicationId, organizationId } = await findApplication(manager, request);
  const found = UUID.test(request.apiKey)
    ? await manager.findOneBy(ApiKeyEntity, { organizationId, applicationId, id: request.apiKey })
    : null;
  if (!found) throw new ServiceError('not_found', 'no such API key');
  return found;
}
