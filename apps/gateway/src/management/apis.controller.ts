import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  changeApiState,
  copyApi,
  createApi,
  deleteApi,
  findApi,
  importApi,
  listApis,
  PageRequest,
  updateApi,
  type Api,
  type ApiPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { ApiChanges, ApiDefinition, ApiStep, NewApi, NewVersion } from './bodies';
import { Management, ManagementBus } from './management';

/** A version is named by its id, by `name:version`, or by the name where that is clear. */
@Management('/:orgkey/apis', 'APIs', 'publisher')
export class ApisController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<ApiPage> {
    return this.services.call(listApis, orgkey, page, call);
  }

  @Post()
  create(@Param('orgkey') orgkey: string, @Body() body: NewApi, @RequestCall() call: Call): Promise<Api> {
    return this.services.call(createApi, orgkey, body, call);
  }

  /** Of an OpenAPI 3 document, in JSON or YAML. Scopes that are not there are made. */
  @Post('import')
  import(@Param('orgkey') orgkey: string, @Body() body: ApiDefinition, @RequestCall() call: Call): Promise<Api> {
    return this.services.call(importApi, orgkey, body, call);
  }

  @Get(':api')
  find(@Param('orgkey') orgkey: string, @Param('api') api: string, @RequestCall() call: Call): Promise<Api> {
    return this.services.call(findApi, orgkey, { api }, call);
  }

  @Patch(':api')
  update(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: ApiChanges,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(updateApi, orgkey, { ...body, api }, call);
  }

  /** The subscriptions to one that has retired go with it; others must have none. */
  @Delete(':api')
  @HttpCode(204)
  async delete(@Param('orgkey') orgkey: string, @Param('api') api: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(deleteApi, orgkey, { api }, call);
  }

  /** A step of the life cycle: CREATED, PUBLISHED, DEPRECATED or BLOCKED, RETIRED. */
  @Post(':api/state')
  @HttpCode(200)
  changeState(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: ApiStep,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(changeApiState, orgkey, { ...body, api }, call);
  }

  /** One more version, with everything that this one has, not yet published. */
  @Post(':api/versions')
  copy(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: NewVersion,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(copyApi, orgkey, { ...body, api }, call);
  }
}
