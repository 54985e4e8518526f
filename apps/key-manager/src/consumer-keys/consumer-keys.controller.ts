import { Handle } from '@keyward/bus';
import {
  deleteKey,
  Empty,
  findKey,
  generateKey,
  listKeys,
  rotateSecret,
  ServiceError,
  updateKey,
  type ConsumerKey,
  type GeneratedKey,
  type GenerateKey,
  type KeyPage,
  type ListKeys,
  type NameKey,
  type RotateSecret,
  type UpdateKey,
} from '@keyward/contracts';
import { checkCursor, inOrganization, pageOf, RevocationOwner } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { findApplication } from '../applications/find-application';
import { assertAsymmetric, hasSecret } from '../client-keys/proof';
import { Clock } from '../clock';
import { refuseOwnClient } from '../own-client';
import { assertListed, SectorDocuments, type SectorDocument } from '../sectors/sector-documents';
import { KeyRing } from '../signing-keys/key-ring';
import { ConsumerKeyChanges } from './consumer-key-changes';
import { ConsumerKeyEntity } from './consumer-key.entity';
import { newConsumerSecret, SecretMacs } from './consumer-secret';
import { describeKey, describeKeys } from './describe-keys';
import { assertImportable, insertKey, methodOf } from './generate-key';
import { settingsFrom } from './key-settings';
import { revokeForEver, revokeWhileDisabled } from './revoked-keys';
import { addSecret, retireSecrets } from './secrets';

const DAY = 86_400;

/** The consumer keys of an organization's applications. */
@Controller()
export class ConsumerKeysController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly changes: ConsumerKeyChanges,
    private readonly revocations: RevocationOwner,
    private readonly macs: SecretMacs,
    private readonly keyRing: KeyRing,
    private readonly sectors: SectorDocuments,
    private readonly clock: Clock,
  ) {}

  @Handle(generateKey)
  async generate(request: GenerateKey): Promise<GeneratedKey> {
    assertImportable(request);
    if (request.highAssurance) assertAsymmetric(methodOf(request));
    const now = this.clock.now();
    const consumerSecret = hasSecret(methodOf(request)) ? (request.consumerSecret ?? newConsumerSecret()) : undefined;
    // Its ID tokens are signed with a key that is published before the first of them.
    if (request.redirectUris?.length) this.keyRing.prepare(request.organizationId, 'RS256');
    const { organizationId, sectorIdentifierUri } = request;
    const sector = sectorIdentifierUri ? await this.sectors.at(organizationId, sectorIdentifierUri) : undefined;
    return await this.changes.write(request.organizationId, async (manager, changed) => {
      const key = await insertKey(manager, request, now, sector);
      if (consumerSecret) await addSecret(manager, key, this.macs.of(key.consumerKey, consumerSecret), now);
      changed(key.consumerKey);
      return { key: await describeKey(manager, key), consumerSecret };
    });
  }

  @Handle(listKeys)
  async list({ organizationId, application, after = '', limit }: ListKeys): Promise<KeyPage> {
    checkCursor(after);
    return await inOrganization(this.dataSource, organizationId, async (manager) => {
      const its =
        application == null
          ? {}
          : { applicationId: (await findApplication(manager, { organizationId, application })).id };
      const keys = await manager.find(ConsumerKeyEntity, {
        where: { organizationId, consumerKey: MoreThan(after), ...its },
        order: { consumerKey: 'ASC' },
        take: limit + 1,
      });
      return pageOf(await describeKeys(manager, keys), limit, ({ consumerKey }) => consumerKey);
    });
  }

  @Handle(findKey)
  async find(request: NameKey): Promise<ConsumerKey> {
    return await inOrganization(this.dataSource, request.organizationId, async (manager) =>
      describeKey(manager, await keyNamed(manager, request)),
    );
  }

  @Handle(updateKey)
  async update(request: UpdateKey): Promise<ConsumerKey> {
    const { organizationId, consumerKey, state, highAssurance, ...asked } = request;
    if (highAssurance && asked.tokenEndpointAuthMethod) assertAsymmetric(asked.tokenEndpointAuthMethod);
    const isWithoutPassword = asked.grantTypes?.includes('password') === false || asked.passwordGrantSunset;
    if (state === 'disabled' || isWithoutPassword || asked.tokenEndpointAuthMethod)
      refuseOwnClient(organizationId, consumerKey);
    const sector = await this.sectorOf(request);
    const updated = await this.changes.write(organizationId, async (manager, changed) => {
      const before = await keyNamed(manager, request, { lock: true });
      const changes = { state: state ?? before.state, ...settingsFrom(before, asked, before.public) };
      assertListed(changes, sector);
      await manager.update(ConsumerKeyEntity, { organizationId, consumerKey }, changes);
      changed(consumerKey);
      const key = { ...before, ...changes };
      if (key.state !== before.state) await revokeWhileDisabled(this.revocations, manager, key, this.clock.now());
      return await describeKey(manager, key);
    });
    void this.revocations.publishNew();
    return updated;
  }

  @Handle(rotateSecret)
  async rotate({ overlap, ...name }: RotateSecret): Promise<GeneratedKey> {
    // Or the next start would bring back the secret that was rotated away.
    refuseOwnClient(
      name.organizationId,
      name.consumerKey,
      'the secret of this client is the setting KEYWARD_CLI_SECRET',
    );
    const now = this.clock.now();
    const consumerSecret = newConsumerSecret();
    return await this.changes.write(name.organizationId, async (manager, changed) => {
      const key = await keyNamed(manager, name, { lock: true });
      if (!hasSecret(key.tokenEndpointAuthMethod))
        throw new ServiceError('invalid_request', 'a client of this kind has no secret');
      await retireSecrets(manager, key, overlap ?? DAY, now);
      await addSecret(manager, key, this.macs.of(key.consumerKey, consumerSecret), now);
      changed(key.consumerKey);
      return { key: await describeKey(manager, key), consumerSecret };
    });
  }

  @Handle(deleteKey)
  async delete(request: NameKey): Promise<Empty> {
    const { organizationId, consumerKey } = request;
    refuseOwnClient(organizationId, consumerKey);
    await this.changes.write(organizationId, async (manager, changed) => {
      const key = await keyNamed(manager, request, { lock: true });
      await manager.delete(ConsumerKeyEntity, { organizationId, consumerKey });
      changed(consumerKey);
      await revokeForEver(this.revocations, manager, key, this.clock.now());
    });
    void this.revocations.publishNew();
    return new Empty();
  }

  /** The document that what is asked for has to agree with; fetched while nothing is locked. Throws `invalid_request`, `not_found`. */
  private async sectorOf(request: UpdateKey): Promise<SectorDocument | undefined> {
    const { organizationId, sectorIdentifierUri, redirectUris } = request;
    if (sectorIdentifierUri) return this.sectors.at(organizationId, sectorIdentifierUri);
    if (sectorIdentifierUri === null || redirectUris === undefined) return undefined;
    const before = await inOrganization(this.dataSource, organizationId, (manager) => keyNamed(manager, request));
    const uri = before.sectorIdentifierUri;
    return uri === null ? undefined : this.sectors.at(organizationId, uri);
  }
}

/** Of another organization there is none: that and nowhere look the same. Throws `not_found`. */
async function keyNamed(
  manager: EntityManager,
  { organizationId, consumerKey }: NameKey,
  { lock = false } = {},
): Promise<ConsumerKeyEntity> {
  const where = { organizationId, consumerKey };
  const key = consumerKey.includes('\0')
    ? null
    : await manager.findOne(ConsumerKeyEntity, { where, ...(lock && { lock: { mode: 'pessimistic_write' } }) });
  if (!key) throw new ServiceError('not_found', 'no such consumer key');
  return key;
}
