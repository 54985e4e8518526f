import type { Grant } from './grant';

/** The grants of this server by their `grant_type`. */
export class Grants {
  private readonly byType: ReadonlyMap<string, Grant>;

  constructor(grants: readonly Grant[]) {
    this.byType = new Map(grants.map((grant) => [grant.type, grant]));
  }

  find(type: string): Grant | undefined {
    return this.byType.get(type);
  }
}
