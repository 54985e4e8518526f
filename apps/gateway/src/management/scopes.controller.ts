import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createScope,
  deleteScope,
  findScope,
  listScopes,
  PageRequest,
  updateScope,
  type Scope,
  type ScopePage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewScope, ScopeChanges } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/scopes', 'scopes', 'publisher')
export class ScopesController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<ScopePage> {
    return this.services.call(listScopes, orgkey, page, call);
  }

  @Post()
  create(@Param('orgkey') orgkey: string, @Body() body: NewScope, @RequestCall() call: Call): Promise<Scope> {
    return this.services.call(createScope, orgkey, body, call);
  }

  @Get(':scope')
  find(@Param('orgkey') orgkey: string, @Param('scope') scope: string, @RequestCall() call: Call): Promise<Scope> {
    return this.services.call(findScope, orgkey, { scope }, call);
  }

  /** The roles given take the place of those before. */
  @Patch(':scope')
  update(
    @Param('orgkey') orgkey: string,
    @Param('scope') scope: string,
    @Body() body: ScopeChanges,
    @RequestCall() call: Call,
  ): Promise<Scope> {
    return this.services.call(updateScope, orgkey, { ...body, scope }, call);
  }

  /** Not while a resource names it. */
  @Delete(':scope')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('scope') scope: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(deleteScope, orgkey, { scope }, call);
  }
}
