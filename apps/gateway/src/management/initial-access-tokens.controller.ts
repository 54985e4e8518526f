import { Body, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  createInitialAccessToken,
  listInitialAccessTokens,
  PageRequest,
  revokeInitialAccessToken,
  type CreatedInitialAccessToken,
  type InitialAccessTokenPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { NewInitialAccessToken } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/initial-access-tokens', 'client-registration', 'admin')
export class InitialAccessTokensController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(
    @Param('orgkey') orgkey: string,
    @Query() page: PageRequest,
    @RequestCall() call: Call,
  ): Promise<InitialAccessTokenPage> {
    return this.services.call(listInitialAccessTokens, orgkey, page, call);
  }

  /** Its value is in the answer and never again. */
  @Post()
  create(
    @Param('orgkey') orgkey: string,
    @Body() body: NewInitialAccessToken,
    @RequestCall() call: Call,
  ): Promise<CreatedInitialAccessToken> {
    return this.services.call(createInitialAccessToken, orgkey, body, call);
  }

  /** Clients that were registered with it stay. */
  @Delete(':token')
  @HttpCode(204)
  async revoke(@Param('orgkey') orgkey: string, @Param('token') id: string, @RequestCall() call: Call): Promise<void> {
    await this.services.call(revokeInitialAccessToken, orgkey, { id }, call);
  }
}
