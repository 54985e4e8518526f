import type { ClientRecord } from '@keyward/contracts';
import { query } from '@keyward/database';
import { In, type DataSource } from 'typeorm';
import type { Told } from '../change-feed';
import { ConsumerKeyEntity } from './consumer-key.entity';

interface Row {
  consumer_key: string;
  organization_id: string;
  application_id: string;
  kind: ClientRecord['kind'];
  active: boolean;
}

/** What gateways are told of consumer keys: nothing that proves one. */
export const toldOf = (dataSource: DataSource): Told<ClientRecord> => ({
  some: async (manager, organizationId, ids) => {
    const keys =
      ids.length > 0 ? await manager.findBy(ConsumerKeyEntity, { organizationId, consumerKey: In(ids) }) : [];
    return new Map(keys.map((key) => [key.consumerKey, recordOf(key)]));
  },
  all: async (after, limit) => {
    const sql = 'SELECT * FROM consumer_keys_after($1, $2)';
    const rows = await query<Row>(dataSource, 'consumer-keys-after', sql, [after ?? '', limit]);
    return rows.map(({ consumer_key, organization_id, application_id, kind, active }) => ({
      id: consumer_key,
      record: { organizationId: organization_id, applicationId: application_id, kind, active },
    }));
  },
});

const recordOf = ({ organizationId, applicationId, kind, state }: ConsumerKeyEntity): ClientRecord => ({
  ...{ organizationId, applicationId, kind },
  active: state === 'active',
});
