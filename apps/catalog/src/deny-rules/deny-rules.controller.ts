import { randomUUID } from 'node:crypto';
import { Handle } from '@keyward/bus';
import {
  createDenyRule,
  deleteDenyRule,
  denyRules as feed,
  Empty,
  findDenyRule,
  listDenyRules,
  updateDenyRule,
  type CreateDenyRule,
  type DenyRule,
  type DenyRulePage,
  type ListDenyRules,
  type NameDenyRule,
  type UpdateDenyRule,
} from '@keyward/contracts';
import { inOrganization, pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { DataSource, MoreThan, type EntityManager } from 'typeorm';
import { Feeds } from '../feeds';
import { isId } from '../ids';
import { checkText, conflict, invalid, notFound } from '../refusals';
import { DenyRuleEntity, denyRuleOf, denyRuleRecordOf } from './deny-rule.entity';
import { targetOf } from './target';

/** Of one organization: every gateway holds them all in memory. */
const MOST_RULES = 1000;

/** `catalog.deny-rule.*`. */
@Controller()
export class DenyRulesController {
  constructor(
    private readonly dataSource: DataSource,
    private readonly feeds: Feeds,
  ) {}

  @Handle(createDenyRule)
  create(request: CreateDenyRule): Promise<DenyRule> {
    const { organizationId, kind, value, description = '', active = true } = request;
    checkText('value', value);
    checkText('description', description);
    return this.feeds.write(organizationId, async (manager, tell) => {
      const target = await targetOf(manager, request);
      if (await manager.existsBy(DenyRuleEntity, { organizationId, kind, target }))
        throw conflict(`there is a rule for this ${kind}`);
      if ((await manager.countBy(DenyRuleEntity, { organizationId })) >= MOST_RULES)
        throw conflict(`there are ${MOST_RULES} deny rules at most: deny ranges of addresses, or delete some`);
      const ids = { organizationId, id: randomUUID() };
      const rule: DenyRuleEntity = { ...ids, kind, target, value, description, active, createdAt: new Date() };
      await manager.insert(DenyRuleEntity, rule);
      tell(feed, rule.id, denyRuleRecordOf(rule));
      return denyRuleOf(rule);
    });
  }

  @Handle(listDenyRules)
  async list({ organizationId, after, limit }: ListDenyRules): Promise<DenyRulePage> {
    if (after !== undefined && !isId(after)) throw invalid('after is not the end of a page');
    const where = { organizationId, ...(after !== undefined && { id: MoreThan(after) }) };
    const found = await inOrganization(this.dataSource, organizationId, (manager) =>
      manager.find(DenyRuleEntity, { where, order: { id: 'ASC' }, take: limit + 1 }),
    );
    return pageOf(found.map(denyRuleOf), limit, ({ id }) => id);
  }

  @Handle(findDenyRule)
  async find(request: NameDenyRule): Promise<DenyRule> {
    return denyRuleOf(
      await inOrganization(this.dataSource, request.organizationId, (manager) => ruleNamed(manager, request)),
    );
  }

  @Handle(updateDenyRule)
  update({ description, active, ...request }: UpdateDenyRule): Promise<DenyRule> {
    return this.feeds.write(request.organizationId, async (manager, tell) => {
      const before = await ruleNamed(manager, request);
      const { organizationId, id } = before;
      const changes = { description: description ?? before.description, active: active ?? before.active };
      checkText('description', changes.description);
      await manager.update(DenyRuleEntity, { organizationId, id }, changes);
      const rule = { ...before, ...changes };
      tell(feed, id, denyRuleRecordOf(rule));
      return denyRuleOf(rule);
    });
  }

  @Handle(deleteDenyRule)
  async delete(request: NameDenyRule): Promise<Empty> {
    await this.feeds.write(request.organizationId, async (manager, tell) => {
      const { organizationId, id } = await ruleNamed(manager, request);
      await manager.delete(DenyRuleEntity, { organizationId, id });
      tell(feed, id, null);
    });
    return new Empty();
  }
}

async function ruleNamed(manager: EntityManager, { organizationId, rule }: NameDenyRule): Promise<DenyRuleEntity> {
  const found = isId(rule) ? await manager.findOneBy(DenyRuleEntity, { organizationId, id: rule }) : null;
  if (!found) throw notFound('no such rule');
  return found;
}
