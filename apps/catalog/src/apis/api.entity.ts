import type {
  Api,
  ApiRoute,
  ApiResource,
  ApiState,
  BackendClaim,
  CorsSettings,
  Credential,
  Upstreams,
} from '@keyward/contracts';
import { Column, Entity, PrimaryColumn } from 'typeorm';

/** A version of an API. */
@Entity('apis')
export class ApiEntity {
  @PrimaryColumn('uuid', { name: 'organization_id' }) organizationId: string;
  @PrimaryColumn('uuid') id: string;
  @Column('text') name: string;
  @Column('text') version: string;
  @Column('text') context: string;
  @Column('text') description: string;
  @Column('boolean', { name: 'is_default' }) isDefault: boolean;
  @Column('text') state: ApiState;
  @Column('text') visibility: ApiRoute['visibility'];
  @Column('text', { name: 'visible_to', array: true }) visibleTo: string[];
  @Column('jsonb') upstreams: Upstreams;
  @Column('jsonb') resources: ApiResource[];
  @Column('jsonb', { nullable: true }) cors: CorsSettings | null;
  @Column('boolean', { name: 'backend_token' }) backendToken: boolean;
  @Column('boolean', { name: 'subscription_required' }) subscriptionRequired: boolean;
  @Column('boolean', { name: 'approval_required' }) approvalRequired: boolean;
  @Column('text', { nullable: true }) plan: string | null;
  @Column('text', { name: 'upstream_plan', nullable: true }) upstreamPlan: string | null;
  @Column('text', { nullable: true }) accepts: Credential | null;
  @Column('text', { name: 'backend_claims', array: true }) backendClaims: BackendClaim[];
  @Column('timestamptz', { name: 'created_at' }) createdAt: Date;
  @Column('timestamptz', { name: 'updated_at' }) updatedAt: Date;
}

/** What the feed tells of it. */
export function routeOf({ cors, plan, upstreamPlan, accepts, backendClaims, ...api }: RouteColumns): ApiRoute {
  const { id, organizationId, name, version, context, isDefault, state, visibility, upstreams, resources } = api;
  const { backendToken, subscriptionRequired } = api;
  return {
    ...{ id, organizationId, name, version, context, isDefault, state, visibility, upstreams, resources },
    ...{ backendToken, subscriptionRequired },
    ...(cors && { cors }),
    ...(plan !== null && { plan }),
    ...(upstreamPlan !== null && { upstreamPlan }),
    ...(accepts && { accepts }),
    ...(backendClaims.length > 0 && { backendClaims }),
  };
}

/** The columns that the feed's snapshot reads. */
export type RouteColumns = Omit<
  ApiEntity,
  'description' | 'visibleTo' | 'approvalRequired' | 'createdAt' | 'updatedAt'
>;

/** What its publishers see. */
export const apiOf = (api: ApiEntity): Api => ({
  ...routeOf(api),
  description: api.description,
  visibleTo: api.visibleTo,
  approvalRequired: api.approvalRequired,
  createdAt: api.createdAt.toISOString(),
  updatedAt: api.updatedAt.toISOString(),
});
