import { OWN_SCOPES, type UpdateApi } from '@keyward/contracts';
import { In, type EntityManager } from 'typeorm';
import { PlanEntity } from '../plans/plan.entity';
import { checkText, invalid } from '../refusals';
import { ScopeEntity } from '../scopes/scope.entity';
import { routeOf, type ApiEntity } from './api.entity';
import { checkResources, scopesOf } from './resources';
import { checkUpstreams } from './upstreams';

/** What of an API can be changed. */
export type ApiSettings = Pick<
  ApiEntity,
  | 'description'
  | 'visibility'
  | 'visibleTo'
  | 'upstreams'
  | 'resources'
  | 'cors'
  | 'backendToken'
  | 'subscriptionRequired'
  | 'approvalRequired'
  | 'plan'
  | 'upstreamPlan'
  | 'accepts'
  | 'backendClaims'
>;

/** What an API is made with. */
export const DEFAULT_SETTINGS: ApiSettings = {
  description: '',
  visibility: 'organization',
  visibleTo: [],
  upstreams: {},
  resources: [],
  cors: null,
  backendToken: false,
  subscriptionRequired: true,
  approvalRequired: false,
  plan: null,
  upstreamPlan: null,
  accepts: null,
  backendClaims: [],
};

/** Far below what a message, and so a change in the feed, may have; bytes. */
const MAX_RECORD = 200 * 1024;

/** The settings with what was asked for. Throws `invalid_request`. */
export function settingsFrom(
  before: ApiSettings,
  asked: Partial<Omit<UpdateApi, 'organizationId' | 'api'>>,
): ApiSettings {
  const { cors, plan, upstreamPlan, accepts, backendClaims } = asked;
  const visibility = asked.visibility ?? before.visibility;
  const settings: ApiSettings = {
    description: asked.description ?? before.description,
    visibility,
    visibleTo: visibility === 'roles' ? (asked.visibleTo ?? before.visibleTo) : (asked.visibleTo ?? []),
    upstreams: asked.upstreams ? checkUpstreams(asked.upstreams) : before.upstreams,
    resources: asked.resources ? checkResources(asked.resources) : before.resources,
    cors: cors === undefined ? before.cors : cors && { ...cors },
    backendToken: asked.backendToken ?? before.backendToken,
    subscriptionRequired: asked.subscriptionRequired ?? before.subscriptionRequired,
    approvalRequired: asked.approvalRequired ?? before.approvalRequired,
    plan: plan === undefined ? before.plan : plan,
    upstreamPlan: upstreamPlan === undefined ? before.upstreamPlan : upstreamPlan,
    accepts: accepts === undefined ? before.accepts : accepts,
    backendClaims: backendClaims === undefined ? before.backendClaims : (backendClaims ?? []),
  };
  checkText('description', settings.description);
  if ((visibility === 'roles') !== settings.visibleTo.length > 0)
    throw invalid('visibleTo names roles when visibility is roles, and only then');
  // Fetch §3.2.5: a browser refuses the two together, and any site could act as its visitor.
  if (settings.cors?.allowCredentials && settings.cors.allowOrigins.includes('*'))
    throw invalid('cors: credentials are allowed to named origins alone');
  return settings;
}

/** Throws `invalid_request` when the API names scopes or plans that are not there, or is too large to be told of. */
export async function assertWhole(manager: EntityManager, api: ApiEntity): Promise<void> {
  const { organizationId, resources, plan, upstreamPlan } = api;
  const named = scopesOf(resources).filter((name) => !OWN_SCOPES.includes(name));
  const known = await manager.findBy(ScopeEntity, { organizationId, name: In(named) });
  const missing = named.find((name) => !known.some((scope) => scope.name === name));
  if (missing !== undefined) throw invalid(`there is no scope ${missing}: create it first`);
  await assertPlans(manager, organizationId, 'api', plan === null ? [] : [plan]);
  await assertPlans(manager, organizationId, 'upstream', upstreamPlan === null ? [] : [upstreamPlan]);
  const ofResources = resources.flatMap((resource) => resource.plan ?? []);
  await assertPlans(manager, organizationId, 'resource', [...new Set(ofResources)]);
  if (Buffer.byteLength(JSON.stringify(routeOf(api))) > MAX_RECORD) throw invalid('the API has too many resources');
}

/** Throws `invalid_request` for a name that is no plan of that level. */
export async function assertPlans(
  manager: EntityManager,
  organizationId: string,
  level: PlanEntity['level'],
  names: string[],
): Promise<void> {
  const known = await manager.findBy(PlanEntity, { organizationId, level, name: In(names) });
  const missing = names.find((name) => !known.some((plan) => plan.name === name));
  if (missing !== undefined) throw invalid(`there is no plan ${missing} of the level ${level}: create it first`);
}
