import { lookupRole, OWNER_ROLE, serviceRole } from '@keyward/database';
import { asAdmin } from './database';

/** Tables outside the tenant rule in every schema, and why. */
const EVERYWHERE: Readonly<Record<string, string>> = {
  migrations: 'says which migrations have run; services have no access to it',
  feed_positions: 'one position for each feed, over all organizations',
  feed_changes: 'what services tell each other; the records name their organization',
};

/** Each names what breaks its rule. `$1` schemas, `$2` service roles, `$3` lookup roles, `$4` the owner, `$5` exceptions. */
const RULES: Readonly<Record<string, string>> = {
  'has neither an organization_id nor an exception': `
    SELECT name FROM tables WHERE NOT tenant AND NOT name = ANY ($5)`,
  'is an exception that does not exist': `
    SELECT name FROM unnest($5::text[]) AS name WHERE to_regclass(name) IS NULL`,
  'lets organization_id be null': `
    SELECT name FROM tables JOIN pg_attribute ON attrelid = oid WHERE attname = 'organization_id' AND NOT attnotnull`,
  'is not under FORCE ROW LEVEL SECURITY': `
    SELECT name FROM tables WHERE tenant AND NOT (relrowsecurity AND relforcerowsecurity)`,
  'has no policy with USING and WITH CHECK for its service': `
    SELECT name FROM tables WHERE tenant AND NOT EXISTS (SELECT FROM policies WHERE polrelid = tables.oid AND confines)`,
  'has a policy that opens it further': `
    SELECT name || ' ' || polname FROM tables JOIN policies ON polrelid = tables.oid
      WHERE NOT confines AND NOT (polcmd = 'r' AND roles <@ $3::name[])`,
  'has a key that does not lead with organization_id': `
    SELECT i.indexrelid::regclass::text FROM pg_index i JOIN tables ON tables.oid = indrelid
      WHERE tenant AND indisunique AND NOT i.indexrelid::regclass::text = ANY ($5)
        AND pg_get_indexdef(indexrelid, 1, true) <> 'organization_id'`,
  'is a foreign key between tenants’ tables without organization_id': `
    SELECT name || ' ' || conname FROM pg_constraint JOIN tables ON tables.oid = conrelid
      WHERE contype = 'f' AND tenant AND confrelid IN (SELECT oid FROM tables WHERE tenant)
        AND NOT EXISTS (SELECT FROM unnest(conkey, confkey) AS pair (own, other)
          JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = own AND a.attname = 'organization_id'
          JOIN pg_attribute b ON b.attrelid = confrelid AND b.attnum = other AND b.attname = 'organization_id')`,
  'is a partition that can be reached directly': `
    SELECT c.oid::regclass::text FROM pg_class c JOIN spaces ON spaces.oid = relnamespace, aclexplode(relacl)
      WHERE relispartition AND grantee <> relowner`,
  'is granted to everyone': `
    SELECT what FROM grants WHERE grantee = 0`,
  'is granted to a service beyond its own rows': `
    SELECT what || ' ' || privilege_type FROM grants JOIN pg_roles r ON r.oid = grantee
      WHERE rolname = ANY ($2) AND (schema <> substr(rolname, 9)
        OR privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE', 'EXECUTE', 'USAGE') OR is_grantable)`,
  'is not the owner’s': `
    SELECT what FROM owned JOIN pg_roles r ON r.oid = owner
      WHERE rolname <> $4 AND NOT (kind = 'function' AND rolname = ANY ($3))`,
  'is a SECURITY DEFINER function without a search_path': `
    SELECT p.oid::regprocedure::text FROM pg_proc p JOIN spaces ON spaces.oid = pronamespace
      WHERE prosecdef AND NOT coalesce(array_to_string(proconfig, ' '), '') ~ 'search_path='`,
  'is a view that sees as its owner': `
    SELECT c.oid::regclass::text FROM pg_class c JOIN spaces ON spaces.oid = relnamespace
      WHERE relkind = 'm' OR relkind = 'v' AND NOT coalesce(array_to_string(reloptions, ' '), '') ~ 'security_invoker=(true|on|1)'`,
  'is a role with too much power': `
    SELECT rolname FROM pg_roles WHERE rolname = ANY ($2 || $3 || $4::name)
      AND (rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin <> (rolname = ANY ($2)))`,
};

const CATALOG = `
  WITH spaces AS (SELECT oid, nspname FROM pg_namespace WHERE nspname = ANY ($1)),
  tables AS (
    SELECT c.oid, c.oid::regclass::text AS name, relrowsecurity, relforcerowsecurity,
        EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'organization_id') AS tenant
      FROM pg_class c JOIN spaces ON spaces.oid = relnamespace WHERE relkind IN ('r', 'p') AND NOT relispartition),
  policies AS (
    SELECT p.*, polpermissive AND polcmd = '*' AND roles <@ $2::name[] AND polqual IS NOT NULL AND polwithcheck IS NOT NULL
        AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid)
        AND pg_get_expr(polqual, polrelid) ~ '^\\(organization_id = .*app\\.organization' AS confines
      FROM (SELECT *, ARRAY(SELECT coalesce(rolname, 'public') FROM unnest(polroles) AS r LEFT JOIN pg_roles ON oid = r)
        AS roles FROM pg_policy) AS p),
  owned AS (
    SELECT 'table' AS kind, nspname AS schema, c.oid::regclass::text AS what, relowner AS owner,
        coalesce(relacl, acldefault('r', relowner)) AS acl
      FROM pg_class c JOIN spaces ON spaces.oid = relnamespace WHERE relkind IN ('r', 'p', 'v', 'm', 'S')
    UNION ALL SELECT 'function', nspname, p.oid::regprocedure::text, proowner, coalesce(proacl, acldefault('f', proowner))
      FROM pg_proc p JOIN spaces ON spaces.oid = pronamespace
    UNION ALL SELECT 'schema', nspname, nspname, nspowner, coalesce(nspacl, acldefault('n', nspowner))
      FROM pg_namespace WHERE nspname = ANY ($1)),
  grants AS (
    SELECT kind, schema, what, grantee, privilege_type, is_grantable FROM owned, aclexplode(acl)
    UNION ALL SELECT 'column', nspname, attrelid::regclass || '.' || attname, grantee, privilege_type, is_grantable
      FROM pg_attribute JOIN pg_class c ON c.oid = attrelid JOIN spaces ON spaces.oid = relnamespace, aclexplode(attacl)
    UNION ALL SELECT 'schema', nspname, nspname, grantee, privilege_type, is_grantable
      FROM pg_namespace, aclexplode(nspacl) WHERE nspname = 'public'
    UNION ALL SELECT 'database', datname, datname, grantee, privilege_type, is_grantable
      FROM pg_database, aclexplode(coalesce(datacl, acldefault('d', datdba)))
      WHERE datname = current_database() AND grantee = 0)`;

/**
 * Walks the catalog of a migrated database and names all that is outside the tenant rule (DESIGN.md, Data); empty when
 * nothing is. `exceptions` are tables without an organization and unique indexes over all organizations, as
 * `schema.name`, each with its reason.
 */
export async function checkIsolation(
  adminUrl: string,
  schemas: readonly string[],
  exceptions: Readonly<Record<string, string>>,
): Promise<string[]> {
  return asAdmin(adminUrl, async (admin) => {
    const { rows: everywhere } = await admin.query<{ name: string }>(
      `SELECT c.oid::regclass::text AS name FROM pg_class c WHERE relnamespace::regnamespace::text = ANY ($1) AND relname = ANY ($2)`,
      [schemas, Object.keys(EVERYWHERE)],
    );
    const allowed = [...Object.keys(exceptions), ...everywhere.map(({ name }) => name)];
    const parameters = [schemas, schemas.map(serviceRole), schemas.map(lookupRole), OWNER_ROLE, allowed];
    // Every rule reads every parameter, so that each has its type.
    const typed = `SELECT $1::text[], $2::name[], $3::name[], $4::name, $5::text[]`;
    const problems: string[] = [];
    for (const [rule, broken] of Object.entries(RULES)) {
      const sql = `${CATALOG}, typed AS (${typed}) SELECT broken.name FROM (${broken}) AS broken (name) ORDER BY 1`;
      const { rows } = await admin.query<{ name: string }>(sql, parameters);
      problems.push(...rows.map(({ name }) => `${name} ${rule}`));
    }
    return problems;
  });
}
