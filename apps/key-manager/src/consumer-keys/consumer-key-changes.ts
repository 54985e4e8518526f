import type { Bus } from '@keyward/bus';
import { consumerKeyChanges, type ClientRecord } from '@keyward/contracts';
import type { DataSource } from 'typeorm';
import { ChangeFeed } from '../change-feed';
import type { ClientCache } from '../clients/client-cache';
import { toldOf } from './told-keys';

/** Writes to consumer keys and to what a client takes over from its application. */
export class ConsumerKeyChanges extends ChangeFeed<ClientRecord> {
  constructor(dataSource: DataSource, bus: Bus, cache: ClientCache) {
    super(dataSource, bus, consumerKeyChanges, cache, toldOf(dataSource));
  }
}
