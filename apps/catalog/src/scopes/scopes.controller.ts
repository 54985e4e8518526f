import { Handle } from '@keyward/bus';
import {
  createScope,
  deleteScope,
  Empty,
  findScope,
  listScopes,
  scopes as feed,
  updateScope,
  type CreateScope,
  type ListScopes,
  type NameScope,
  type Scope,
  type ScopePage,
  type UpdateScope,
} from '@keyward/contracts';
import { checkCursor, inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { Feeds } from '../feeds';
import { checkText, conflict, notFound } from '../refusals';
import { insertScope } from './insert-scope';
import { ScopeEntity, scopeOf, scopeRecordOf } from './scope.entity';

/** `catalog.scope.*`. */
@Controller()
export class ScopesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
  ) {}

  @Handle(createScope)
  create(request: CreateScope): Promise<Scope> {
    return this.feeds.write(request.organizationId, async (manager, tell) =>
      scopeOf(await insertScope(manager, tell, request)),
    );
  }

  @Handle(listScopes)
  async list({ organizationId, after = '', limit }: ListScopes): Promise<ScopePage> {
    checkCursor(after);
    const found = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.find(ScopeEntity, {
        where: { organizationId, name: MoreThan(after) },
        order: { name: 'ASC' },
        take: limit + 1,
      }),
    );
    return pageOf(found.map(scopeOf), limit, ({ name }) => name);
  }

  @Handle(findScope)
  async find(request: NameScope): Promise<Scope> {
    return scopeOf(
      await inOrganization(this.dataSource, request.organizationId, (manager) => scopeNamed(manager, request)),
    );
  }

  @Handle(updateScope)
  update(request: UpdateScope): Promise<Scope> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const before = await scopeNamed(manager, request);
      const { organizationId, id } = before;
      const description = request.description ?? before.description;
      const roles = request.roles ?? before.roles;
      checkText('description', description);
      await manager.update(ScopeEntity, { organizationId, id }, { description, roles });
      const scope = { ...before, description, roles };
      tell(feed, id, scopeRecordOf(scope));
      return scopeOf(scope);
    });
  }

  @Handle(deleteScope)
  async delete(request: NameScope): Promise<Empty> {
    await this.feeds.write(request.organizationId, async (manager, tell) => {
      const { organizationId, id, name } = await scopeNamed(manager, request);
      const [user] = await manager.query<{ name: string; version: string }[]>(
        `SELECT name, version FROM apis WHERE organization_id = $1 AND resources @> $2 LIMIT 1`,
        [organizationId, JSON.stringify([{ scopes: [name] }])],
      );
      if (user) throw conflict(`${user.name}:${user.version} needs this scope`);
      await manager.delete(ScopeEntity, { organizationId, id });
      tell(feed, id, null);
    });
    return new Empty();
  }
}

async function scopeNamed(manager: EntityManager, { organizationId, scope }: NameScope): Promise<ScopeEntity> {
  const found = scope.includes('\0') ? null : await manager.findOneBy(ScopeEntity, { organizationId, name: scope });
  if (!found) throw notFound('no such scope');
  return found;
}
