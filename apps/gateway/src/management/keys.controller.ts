import { Body, Delete, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import type { Call } from '@keyward/bus';
import {
  deleteKey,
  findKey,
  forgetClients,
  listKeys,
  rotateSecret,
  updateKey,
  type ConsumerKey,
  type GeneratedKey,
  type KeyPage,
} from '@keyward/contracts';
import { RequestCall } from '../http/request-call';
import { KeyChanges, KeyQuery, SecretRotation } from './bodies';
import { Management, ManagementBus } from './management';

@Management('/:orgkey/keys', 'keys', 'admin')
export class KeysController {
  constructor(private readonly services: ManagementBus) {}

  @Get()
  list(@Param('orgkey') orgkey: string, @Query() query: KeyQuery, @RequestCall() call: Call): Promise<KeyPage> {
    return this.services.call(listKeys, orgkey, query, call);
  }

  @Get(':consumerKey')
  find(
    @Param('orgkey') orgkey: string,
    @Param('consumerKey') consumerKey: string,
    @RequestCall() call: Call,
  ): Promise<ConsumerKey> {
    return this.services.call(findKey, orgkey, { consumerKey }, call);
  }

  @Patch(':consumerKey')
  update(
    @Param('orgkey') orgkey: string,
    @Param('consumerKey') consumerKey: string,
    @Body() body: KeyChanges,
    @RequestCall() call: Call,
  ): Promise<ConsumerKey> {
    return this.services.call(
      updateKey,
      orgkey,
      ({ highAssurance }) => ({ ...body, consumerKey, highAssurance }),
      call,
    );
  }

  @Delete(':consumerKey')
  @HttpCode(204)
  async delete(
    @Param('orgkey') orgkey: string,
    @Param('consumerKey') consumerKey: string,
    @RequestCall() call: Call,
  ): Promise<void> {
    await this.services.call(deleteKey, orgkey, { consumerKey }, call);
    await this.services.call(forgetClients, orgkey, { clientIds: [consumerKey] }, call);
  }

  /** The new secret is in the answer and never again. */
  @Post(':consumerKey/rotate-secret')
  @HttpCode(200)
  rotateSecret(
    @Param('orgkey') orgkey: string,
    @Param('consumerKey') consumerKey: string,
    @Body() body: SecretRotation,
    @RequestCall() call: Call,
  ): Promise<GeneratedKey> {
    return this.services.call(rotateSecret, orgkey, { ...body, consumerKey }, call);
  }
}
