import { Handle } from '@keyward/bus';
import { registerOwnedClient, ServiceError, type OwnedClient, type RegisterOwnedClient } from '@keyward/contracts';
import { RegistrationLimitSettings } from '@keyward/runtime';
import { Controller } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { Clock } from '../clock';
import { ConsumerKeyChanges } from '../consumer-keys/consumer-key-changes';
import { ConsumerKeyEntity } from '../consumer-keys/consumer-key.entity';
import { newConsumerSecret, SecretMacs } from '../consumer-keys/consumer-secret';
import { addSecret, retireSecrets } from '../consumer-keys/secrets';
import { assertRoom, queueUp, slotOf } from './admission';
import { assertRedirects } from './metadata';
import { insertClient } from './new-client';
import { RegistrationEntity } from './registration.entity';

/** Seconds that a secret stays valid after another one was asked for. */
const OVERLAP = 86_400;

/** Clients that a user has registered by password, one for each name. */
@Controller()
export class OwnedClientsController {
  constructor(
    private readonly changes: ConsumerKeyChanges,
    private readonly macs: SecretMacs,
    private readonly limits: RegistrationLimitSettings,
    private readonly clock: Clock,
  ) {}

  /** A secret is stored as a MAC alone: who asks again for a client that is there gets another one. */
  @Handle(registerOwnedClient)
  async register(request: RegisterOwnedClient): Promise<OwnedClient> {
    const { organizationId } = request;
    assertRedirects(request.redirectUris, 'web');
    return await this.changes.write(organizationId, async (manager, changed) => {
      await queueUp(manager, organizationId);
      const { key, clientSecret } = (await this.again(manager, request)) ?? (await this.insert(manager, request));
      changed(key.consumerKey);
      const { consumerKey: clientId, grantTypes, redirectUris } = key;
      return { clientId, clientSecret, grantTypes, redirectUris };
    });
  }

  private async again(manager: EntityManager, { organizationId, owner, name: ownedName }: RegisterOwnedClient) {
    const registration = await manager.findOneBy(RegistrationEntity, { organizationId, owner, ownedName });
    if (!registration) return undefined;
    const { consumerKey } = registration;
    // Against an administrator's rotation at the same time.
    const lock = { mode: 'pessimistic_write' } as const;
    const key = await manager.findOneOrFail(ConsumerKeyEntity, { where: { organizationId, consumerKey }, lock });
    if (key.state !== 'active') throw new ServiceError('conflict', 'the client of this name is disabled');
    const [now, clientSecret] = [this.clock.now(), newConsumerSecret()];
    await retireSecrets(manager, key, OVERLAP, now);
    await addSecret(manager, key, this.macs.of(consumerKey, clientSecret), now);
    return { key, clientSecret };
  }

  private async insert(manager: EntityManager, request: RegisterOwnedClient) {
    const { organizationId, owner, name, kind, trusted, grantTypes, redirectUris, ip } = request;
    const now = this.clock.now();
    const admission = { by: 'user' as const, tokenId: null, addressSlot: slotOf(organizationId, ip) };
    await assertRoom(manager, organizationId, admission, this.limits, now);
    const settings = { grantTypes, redirectUris, trusted };
    const of = { owner, ownedName: name, accessTokenHash: null, about: { client_name: name } };
    const client = { organizationId, name, kind, settings, ...of };
    const { key, clientSecret = '' } = await insertClient(manager, this.macs, client, admission, now);
    return { key, clientSecret };
  }
}
