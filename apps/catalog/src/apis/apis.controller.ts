import { Handle } from '@keyward/bus';
import {
  apis as feed,
  changeApiState,
  copyApi,
  createApi,
  deleteApi,
  Empty,
  findApi,
  importApi,
  listApis,
  updateApi,
  type Api,
  type ApiPage,
  type ChangeApiState,
  type CopyApi,
  type CreateApi,
  type ImportApi,
  type ListApis,
  type NameApi,
  type UpdateApi,
} from '@keyward/contracts';
import { checkCursor, inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { Feeds } from '../feeds';
import { conflict } from '../refusals';
import { endSubscriptions, hasSubscriptions } from '../subscriptions/end-subscriptions';
import { ApiEntity, apiOf } from './api.entity';
import { settingsFrom } from './api-settings';
import { checkContext } from './contexts';
import { apiNamed } from './find-api';
import { insertApi, saveApi } from './write-api';
import { assertSeenWith, seenWith } from './visibility';
import { checkStep } from './life-cycle';
import { OpenApiReader } from './openapi/reader';
import { placeDefinition } from './openapi/place';

/** `catalog.api.*`. */
@Controller()
export class ApisController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
    private readonly definitions: OpenApiReader,
  ) {}

  @Handle(createApi)
  create(request: CreateApi): Promise<Api> {
    return this.feeds.write(request.organizationId, async (manager, tell) =>
      apiOf(await insertApi(manager, tell, request)),
    );
  }

  /** The document is read before anything waits for it, and after what is beside it. */
  @Handle(importApi)
  async import(request: ImportApi): Promise<Api> {
    if (request.context !== undefined) checkContext(request.context);
    const definition = await this.definitions.read(request.definition);
    return this.feeds.write(request.organizationId, async (manager, tell) =>
      apiOf(await placeDefinition(manager, tell, request, definition)),
    );
  }

  @Handle(listApis)
  async list({ organizationId, after, limit, seenWith: roles }: ListApis): Promise<ApiPage> {
    const [name = '', version = ''] = after?.split(/:(.*)/s) ?? [];
    checkCursor(after ?? '');
    const found = await inOrganization(this.dataSource, organizationId, (manager) =>
      seenWith(
        manager
          .createQueryBuilder(ApiEntity, 'api')
          .where('api.organizationId = :organizationId AND (api.name, api.version) > (:name, :version)')
          .setParameters({ organizationId, name, version }),
        roles,
      )
        .orderBy({ 'api.name': 'ASC', 'api.version': 'ASC' })
        .limit(limit + 1)
        .getMany(),
    );
    return pageOf(found.map(apiOf), limit, (api) => `${api.name}:${api.version}`);
  }

  @Handle(findApi)
  async find(request: NameApi): Promise<Api> {
    return apiOf(
      await inOrganization(this.dataSource, request.organizationId, (manager) => apiNamed(manager, request)),
    );
  }

  @Handle(updateApi)
  update({ isDefault, ...request }: UpdateApi): Promise<Api> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const before = await apiNamed(manager, request);
      const after = { ...before, ...settingsFrom(before, request), isDefault: isDefault ?? before.isDefault };
      assertSeenWith(request.seenWith, after);
      // What callers rely on does not go away from under them.
      if (before.state !== 'CREATED') checkStep({ ...after, state: 'CREATED' }, 'PUBLISHED');
      return apiOf(await saveApi(manager, tell, before, after, request.seenWith));
    });
  }

  @Handle(copyApi)
  copy({ version, ...request }: CopyApi): Promise<Api> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const { cors, plan, upstreamPlan, accepts, ...api } = await apiNamed(manager, request);
      return apiOf(
        await insertApi(manager, tell, {
          ...{ ...api, version, isDefault: false, seenWith: request.seenWith },
          ...(cors && { cors }),
          ...(plan !== null && { plan }),
          ...(upstreamPlan !== null && { upstreamPlan }),
          ...(accepts && { accepts }),
        }),
      );
    });
  }

  /** What it is already is no error: the answer to a first request may have been lost. */
  @Handle(changeApiState)
  changeState({ state, ...request }: ChangeApiState): Promise<Api> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const before = await apiNamed(manager, request);
      if (before.state === state) return apiOf(before);
      checkStep(before, state);
      return apiOf(await saveApi(manager, tell, before, { ...before, state }));
    });
  }

  @Handle(deleteApi)
  async delete(request: NameApi): Promise<Empty> {
    await this.feeds.write(request.organizationId, async (manager, tell) => {
      const { organizationId, id, state } = await apiNamed(manager, request);
      if (state !== 'RETIRED' && (await hasSubscriptions(manager, organizationId, id)))
        throw conflict('applications subscribe to this API: retire it first');
      await endSubscriptions(manager, tell, organizationId, { apiId: id });
      await manager.delete(ApiEntity, { organizationId, id });
      tell(feed, id, null);
    });
    return new Empty();
  }
}
