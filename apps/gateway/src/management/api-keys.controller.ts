import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  deleteApiKey,
  findApiKey,
  generateApiKey,
  listApiKeys,
  PageRequest,
  updateApiKey,
  type ApiKey,
  type ApiKeyPage,
  type GeneratedApiKey,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { ApiKeyChanges, NewApiKey } from './bodies';
import { Management, ManagementBus } from './management';

/** Keys that open APIs by themselves, in the header `apikey`, for an application without users. */
@Management('/:orgkey/applications/:application/api-keys', 'API keys', 'admin')
export class ApiKeysController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<ApiKeyPage> {
    return this.services.call(listApiKeys, orgkey, { ...page, application }, call);
  }

  /** The key itself is in this answer alone. */
  @Post()
  generate(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Body() body: NewApiKey,
    @RequestCall() call: Call,
  ): Promise<GeneratedApiKey> {
    return this.services.call(generateApiKey, orgkey, { ...body, application }, call);
  }

  @Get(':apiKey')
  find(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Param('apiKey') apiKey: string,
    @RequestCall() call: Call,
  ): Promise<ApiKey> {
    return this.services.call(findApiKey, orgkey, { application, apiKey }, call);
  }

  /** Disables it, or changes where it may come from and how long. */
  @Patch(':apiKey')
  update(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Param('apiKey') apiKey: string,
    @Body() body: ApiKeyChanges,
    @RequestCall() call: Call,
  ): Promise<ApiKey> {
    return this.services.call(updateApiKey, orgkey, { ...body, application, apiKey }, call);
  }

  @Delete(':apiKey')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('application') application: string,
    @Param('apiKey') apiKey: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(deleteApiKey, orgkey, { application, apiKey }, call);
  }
}
