import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createDenyRule,
  deleteDenyRule,
  findApplication,
  findDenyRule,
  findUser,
  listDenyRules,
  PageRequest,
  updateDenyRule,
  type DenyRule,
  type DenyRulePage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { DenyRuleChanges, NewDenyRule } from './bodies';
import { Management, ManagementBus } from './management';

/** Whose calls the organization's APIs refuse: addresses, applications, users; or all calls to an API. */
@Management('/:orgkey/deny-rules', 'deny rules', 'publisher')
export class DenyRulesController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() page: PageRequest, @RequestCall() call: Call): Promise<DenyRulePage> {
    return this.services.call(listDenyRules, orgkey, page, call);
  }

  /** `value` is an address, a range of them, the name of an application, a user or an API. */
  @Post()
  async create(
    @Param('orgkey') orgkey: string,
    @Body() body: NewDenyRule,
    @RequestCall() call: Call,
  ): Promise<DenyRule> {
    return this.services.call(createDenyRule, orgkey, { ...body, target: await this.idOf(orgkey, body, call) }, call);
  }

  @Get(':rule')
  find(@Param('orgkey') orgkey: string, @Param('rule') rule: string, @RequestCall() call: Call): Promise<DenyRule> {
    return this.services.call(findDenyRule, orgkey, { rule }, call);
  }

  /** Switches it off and on. */
  @Patch(':rule')
  update(
    @Param('orgkey') orgkey: string,
    @Param('rule') rule: string,
    @Body() body: DenyRuleChanges,
    @RequestCall() call: Call,
  ): Promise<DenyRule> {
    return this.services.call(updateDenyRule, orgkey, { ...body, rule }, call);
  }

  @Delete(':rule')
  @HttpCode(204)
  async delete(@Param('orgkey') orgkey: string, @Param('rule') rule: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(deleteDenyRule, orgkey, { rule }, call);
  }

  /** Applications are the key manager's and users the directory's. */
  private async idOf(orgkey: string, { kind, value }: NewDenyRule, call: Call): Promise<string | undefined> {
    if (kind === 'application')
      return (await this.services.call(findApplication, orgkey, { application: value.slice(0, 100) }, call)).id;
    if (kind === 'user') return (await this.services.call(findUser, orgkey, { username: value }, call)).id;
    return undefined;
  }
}
