import { Handle } from '@keyward/bus';
import { checkOrigin, type CheckOrigin, type OriginCheck } from '@keyward/contracts';
import { query } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource } from 'typeorm';
import { ClientAuthentication } from '../clients/client-authentication';

/** Whether a browser may let a page's script ask, and read the answer. */
@Controller()
export class OriginsController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly clients: ClientAuthentication,
  ) {}

  @Handle(checkOrigin)
  async check({ origin, clientId }: CheckOrigin): Promise<OriginCheck> {
    if (clientId !== undefined) return { allowed: await this.clients.allows(clientId, origin) };
    const sql = 'SELECT is_known_origin($1) AS allowed';
    const [row] = await query<OriginCheck>(this.dataSource, 'is-known-origin', sql, [origin]);
    return { allowed: row?.allowed === true };
  }
}
