import { API_NAME, API_VERSION, type ImportApi } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import type { Tell } from '../../feeds';
import { conflict, invalid } from '../../refusals';
import { insertScope } from '../../scopes/insert-scope';
import { ScopeEntity } from '../../scopes/scope.entity';
import { ApiEntity } from '../api.entity';
import { settingsFrom } from '../api-settings';
import { checkStep } from '../life-cycle';
import { isSeenWith, nameTaken } from '../visibility';
import { insertApi, saveApi } from '../write-api';
import { contextIn, nameIn, resourcesOf, scopesIn, upstreamsIn } from './definition';
import type { OpenApiDocument } from './reading-thread';

/** Makes an API of a document, or puts its resources into the version there is. Throws `invalid_request`, `conflict`. */
export async function placeDefinition(
  manager: EntityManager,
  tell: Tell,
  asked: ImportApi,
  document: OpenApiDocument,
): Promise<ApiEntity> {
  const { organizationId } = asked;
  const name = asked.name ?? nameIn(document);
  const version = asked.version ?? document.info.version;
  if (!API_NAME.test(name)) throw invalid('the title is no name for an API: give one');
  if (!API_VERSION.test(version)) throw invalid('info.version is no version for an API: give one');
  const resources = resourcesOf(document);
  const description = document.info.description?.slice(0, 2000) ?? '';

  // A scope that is there keeps the roles it has: a document does not open what was closed.
  for (const scope of scopesIn(document, resources))
    if (!(await manager.existsBy(ScopeEntity, { organizationId, name: scope.name })))
      await insertScope(manager, tell, { organizationId, ...scope });

  const before = await manager.findOneBy(ApiEntity, { organizationId, name, version });
  if (!before) {
    const context = asked.context ?? contextIn(document, name, version);
    const upstreams = { ...upstreamsIn(document), ...asked.upstreams };
    const api = { organizationId, name, version, context, description, upstreams, resources };
    return insertApi(manager, tell, { ...api, seenWith: asked.seenWith });
  }
  // That it is there is no secret, its name is taken; what is in it stays whole.
  if (!isSeenWith(asked.seenWith, before)) throw nameTaken(name);
  if (!asked.replace) throw conflict(`there is a version ${version} of ${name}`);
  if (asked.context !== undefined && asked.context !== before.context)
    throw conflict(`the context of ${name} is ${before.context}`);
  const { upstreams } = asked;
  const after = { ...before, ...settingsFrom(before, { description, resources, ...(upstreams && { upstreams }) }) };
  if (before.state !== 'CREATED') checkStep({ ...after, state: 'CREATED' }, 'PUBLISHED');
  return saveApi(manager, tell, before, after);
}
