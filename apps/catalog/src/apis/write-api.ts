import { randomUUID } from 'node:crypto';
import { apis as feed, type CreateApi } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import type { Tell } from '../feeds';
import { isId } from '../ids';
import { invalid } from '../refusals';
import { ApiEntity, routeOf } from './api.entity';
import { assertWhole, DEFAULT_SETTINGS, settingsFrom } from './api-settings';
import { assertPlace, checkContext } from './contexts';
import { assertNameSeenWith, assertSeenWith, isSeenWith, nameTaken } from './visibility';

/** A new version, of a name whose versions who asks sees. Throws `invalid_request`, `conflict`. */
export async function insertApi(manager: EntityManager, tell: Tell, asked: CreateApi): Promise<ApiEntity> {
  const { organizationId, name, version, context } = asked;
  if (isId(name)) throw invalid('name must not have the form of an id');
  checkContext(context);
  const createdAt = new Date();
  const api: ApiEntity = {
    ...{ organizationId, id: randomUUID(), name, version, context },
    ...settingsFrom(DEFAULT_SETTINGS, asked),
    isDefault: asked.isDefault ?? false,
    state: 'CREATED',
    ...{ createdAt, updatedAt: createdAt },
  };
  assertSeenWith(asked.seenWith, api);
  await assertNameSeenWith(manager, asked.seenWith, api);
  await assertPlace(manager, api, asked.seenWith);
  await assertWhole(manager, api);
  if (api.isDefault) await takeDefault(manager, tell, api, asked.seenWith);
  await manager.insert(ApiEntity, api);
  tell(feed, api.id, routeOf(api));
  return api;
}

/** Writes what has changed. Throws `invalid_request`, `conflict`. */
export async function saveApi(
  manager: EntityManager,
  tell: Tell,
  before: ApiEntity,
  after: ApiEntity,
  seenWith?: string[],
): Promise<ApiEntity> {
  const { organizationId, id } = before;
  await assertWhole(manager, after);
  if (after.isDefault && !before.isDefault) await takeDefault(manager, tell, after, seenWith);
  const api = { ...after, updatedAt: new Date() };
  await manager.update(ApiEntity, { organizationId, id }, api);
  tell(feed, id, routeOf(api));
  return api;
}

/** From the version that has been the default until now. Throws `conflict` when who asks does not see it. */
async function takeDefault(
  manager: EntityManager,
  tell: Tell,
  { organizationId, name }: ApiEntity,
  seenWith: string[] | undefined,
): Promise<void> {
  const last = await manager.findOneBy(ApiEntity, { organizationId, name, isDefault: true });
  if (!last) return;
  if (!isSeenWith(seenWith, last)) throw nameTaken(name);
  await manager.update(ApiEntity, { organizationId, id: last.id }, { isDefault: false, updatedAt: new Date() });
  tell(feed, last.id, routeOf({ ...last, isDefault: false }));
}
