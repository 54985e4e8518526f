import type { Bus } from '@keyward/bus';
import { consumerKeyChanges } from '@keyward/contracts';
import type { DataSource } from 'typeorm';
import { ChangeFeed } from '../change-feed';
import type { ClientCache } from '../clients/client-cache';

/** Writes to consumer keys and to what a client takes over from its application. */
export class ConsumerKeyChanges extends ChangeFeed {
  constructor(dataSource: DataSource, bus: Bus, cache: ClientCache) {
    super(dataSource, bus, consumerKeyChanges, cache);
  }
}
