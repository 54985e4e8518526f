import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { startCall, type Call } from '@keyward/bus';
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
import { SeenWith } from './bearer.guard';
import { Management, ManagementBus } from './management';
import { assertRoles } from './named-roles';

/** How long an import may take, milliseconds: reading a document may take more than half of it, and is then refused. */
const IMPORT_MS = 15_000;

/** A version is named by its id, by `name:version`, or by the name where that is clear. */
@Management('/:orgkey/apis', 'APIs', 'publisher')
export class ApisController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Query() page: PageRequest,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<ApiPage> {
    return this.services.call(listApis, orgkey, { ...page, seenWith }, call);
  }

  @Post()
  async create(
    @Param('orgkey') orgkey: string,
    @Body() body: NewApi,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Api> {
    await assertRoles(this.services, orgkey, body.visibleTo, call);
    return this.services.call(createApi, orgkey, { ...body, seenWith }, call);
  }

  /** Of an OpenAPI 3 document, in JSON or YAML. Scopes that are not there are made. */
  @Post('import')
  import(
    @Param('orgkey') orgkey: string,
    @Body() body: ApiDefinition,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() { traceparent }: Call,
  ): Promise<Api> {
    return this.services.call(importApi, orgkey, { ...body, seenWith }, startCall(IMPORT_MS, traceparent));
  }

  @Get(':api')
  find(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(findApi, orgkey, { api, seenWith }, call);
  }

  @Patch(':api')
  async update(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: ApiChanges,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Api> {
    await assertRoles(this.services, orgkey, body.visibleTo, call);
    return this.services.call(updateApi, orgkey, { ...body, api, seenWith }, call);
  }

  /** The subscriptions to one that has retired go with it; others must have none. */
  @Delete(':api')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(deleteApi, orgkey, { api, seenWith }, call);
  }

  /** A step of the life cycle: CREATED, PUBLISHED, DEPRECATED or BLOCKED, RETIRED. */
  @Post(':api/state')
  @HttpCode(200)
  changeState(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: ApiStep,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(changeApiState, orgkey, { ...body, api, seenWith }, call);
  }

  /** One more version, with everything that this one has, not yet published. */
  @Post(':api/versions')
  copy(
    @Param('orgkey') orgkey: string,
    @Param('api') api: string,
    @Body() body: NewVersion,
    @SeenWith() seenWith: string[] | undefined,
    @RequestCall() call: Call,
  ): Promise<Api> {
    return this.services.call(copyApi, orgkey, { ...body, api, seenWith }, call);
  }
}
