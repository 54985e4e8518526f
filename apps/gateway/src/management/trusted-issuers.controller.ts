import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createTrustedIssuer,
  deleteTrustedIssuer,
  findTrustedIssuer,
  linkUser,
  listTrustedIssuers,
  PageRequest,
  unlinkUser,
  updateTrustedIssuer,
  type TrustedIssuer,
  type TrustedIssuerPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewLink, NewTrustedIssuer, TrustedIssuerChanges } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/trusted-issuers', 'trusted-issuers', 'admin')
export class TrustedIssuersController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<TrustedIssuerPage> {
    return this.services.call(listTrustedIssuers, orgkey, page, call);
  }

  @Post()
  create(
    @Param('orgkey') orgkey: string,
    @Body() body: NewTrustedIssuer,
    @RequestCall() call: Call,
  ): Promise<TrustedIssuer> {
    return this.services.call(createTrustedIssuer, orgkey, body, call);
  }

  @Get(':name')
  find(
    @Param('orgkey') orgkey: string,
    @Param('name') name: string,
    @RequestCall() call: Call,
  ): Promise<TrustedIssuer> {
    return this.services.call(findTrustedIssuer, orgkey, { name }, call);
  }

  @Patch(':name')
  update(
    @Param('orgkey') orgkey: string,
    @Param('name') name: string,
    @Body() body: TrustedIssuerChanges,
    @RequestCall() call: Call,
  ): Promise<TrustedIssuer> {
    return this.services.call(updateTrustedIssuer, orgkey, { ...body, name }, call);
  }

  /** Says whom its name for somebody means, besides all that was said before. */
  @Post(':name/users')
  @HttpCode(200)
  link(
    @Param('orgkey') orgkey: string,
    @Param('name') name: string,
    @Body() body: NewLink,
    @RequestCall() call: Call,
  ): Promise<TrustedIssuer> {
    return this.services.call(linkUser, orgkey, { ...body, name }, call);
  }

  @Delete(':name/users/:subject')
  @HttpCode(204)
  async unlink(
    @Param('orgkey') orgkey: string,
    @Param('name') name: string,
    @Param('subject') subject: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(unlinkUser, orgkey, { name, subject: subject.slice(0, 255) }, call);
  }

  /** Tokens that were issued for its assertions live on until they expire. */
  @Delete(':name')
  @HttpCode(204)
  async delete(@Param('orgkey') orgkey: string, @Param('name') name: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(deleteTrustedIssuer, orgkey, { name }, call);
  }
}
