import { Handle } from '@keyward/bus';
import {
  describeKeyEncryption,
  rewrap,
  ServiceError,
  type KeyEncryptionUse,
  type Rewrap,
  type Rewrapped,
} from '@keyward/contracts';
import { Controller, Logger } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { keysInUse } from './in-use';
import { rewrapSecrets, rewrapSigningKeys } from './rewrap';
import { Sealing } from './sealing';

/** Signing keys in one step: a request does not wait longer for it. */
const STEP = 50;

/** What is sealed under which key-encryption key, and sealing all of it under the newest. */
@Controller()
export class SealingController {
  private readonly log = new Logger('key-manager');

  constructor(
    private readonly dataSource: DataSource,
    private readonly sealing: Sealing,
  ) {}

  @Handle(describeKeyEncryption)
  async describe(): Promise<KeyEncryptionUse> {
    const [newest, used] = await Promise.all([this.sealing.current(), keysInUse(this.dataSource)]);
    const unused = used.some(({ kekId }) => kekId === newest) ? [] : [{ kekId: newest, sealed: 0 }];
    const keys = [...used, ...unused].map(({ kekId: id, sealed }) => ({
      ...{ id, sealed, newest: id === newest },
      configured: this.sealing.holds(id),
    }));
    return { keys };
  }

  /** Where it stopped is in the database: whoever asks next, here or in another instance, goes on from there. */
  @Handle(rewrap)
  async rewrap({ after }: Rewrap): Promise<Rewrapped> {
    const newest = await this.sealing.current();
    const secrets = after === undefined ? await rewrapSecrets(this.dataSource, this.sealing, newest) : undefined;
    const { next, seen, failures } = await rewrapSigningKeys(this.dataSource, this.sealing, newest, {
      after,
      most: STEP,
    });
    const failed = [...(secrets?.failures ?? []), ...failures];
    const outage = failed.find((error) => error instanceof ServiceError);
    if (outage) throw outage; // what was done stays done
    for (const error of failed) this.log.error({ message: 'not sealed again', error });
    const use = await keysInUse(this.dataSource);
    const remaining = use.reduce((sum, { kekId, sealed }) => sum + (kekId === newest ? 0 : sealed), 0);
    const rewrapped = seen + (secrets?.seen ?? 0) - failed.length;
    return { newest, rewrapped, failed: failed.length, remaining, ...(next && { next }) };
  }
}
