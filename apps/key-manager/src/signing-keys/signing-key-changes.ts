import type { Bus } from '@keyward/bus';
import { signingKeyChanges } from '@keyward/contracts';
import type { DataSource } from 'typeorm';
import { ChangeFeed, NOTHING } from '../change-feed';
import type { KeyRing } from './key-ring';

/** Writes to the signing keys of an organization. */
export class SigningKeyChanges extends ChangeFeed {
  constructor(dataSource: DataSource, bus: Bus, keyRing: KeyRing) {
    super(dataSource, bus, signingKeyChanges, keyRing, NOTHING);
  }
}
