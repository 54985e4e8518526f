import type { NameApi } from '@keyward/contracts';
import type { EntityManager } from 'typeorm';
import { isId } from '../ids';
import { invalid, notFound } from '../refusals';
import { ApiEntity } from './api.entity';
import { isSeenWith } from './visibility';

/** A version by its id, by `name:version`, or by the name of an API with one version or a default. Throws `not_found`. */
export async function apiNamed(manager: EntityManager, { organizationId, api, seenWith }: NameApi): Promise<ApiEntity> {
  if (api.includes('\0')) throw noSuchApi();
  const [name = '', version] = api.split(/:(.*)/s);
  const named = isId(api) ? { id: api } : version === undefined ? { name } : { name, version };
  const versions = await manager.find(ApiEntity, {
    where: { organizationId, ...named },
    order: { version: 'ASC' },
    take: 50,
  });
  const found = versions.filter((each) => isSeenWith(seenWith, each));
  const meant = found.length > 1 ? found.find(({ isDefault }) => isDefault) : found[0];
  if (meant) return meant;
  if (found.length === 0) throw noSuchApi();
  throw invalid(`${name} has several versions and no default: name one, as ${name}:${found[0]?.version ?? '1'}`);
}

const noSuchApi = () => notFound('no such API');
