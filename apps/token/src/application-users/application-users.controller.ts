import { Bus, Handle, type Call } from '@keyward/bus';
import {
  listApplicationUsers,
  nameUsers,
  type ApplicationUserPage,
  type ListApplicationUsers,
} from '@keyward/contracts';
import { pageOf } from '@keyward/database';
import { Controller } from '@nestjs/common';
import { ApplicationUsers } from './application-users';

/** The registered users of an application, by the names they have now. */
@Controller()
export class ApplicationUsersController {
  constructor(
    private readonly users: ApplicationUsers,
    private readonly bus: Bus,
  ) {}

  @Handle(listApplicationUsers)
  async list(request: ListApplicationUsers, call: Call): Promise<ApplicationUserPage> {
    const { items, next } = pageOf(await this.users.page(request), request.limit, ({ sub }) => sub);
    const names = new Map<string, string>();
    for (const organizationId of new Set(items.map(({ userOrganizationId }) => userOrganizationId))) {
      const ids = items.filter((user) => user.userOrganizationId === organizationId).map(({ sub }) => sub);
      const found = await this.bus.call(nameUsers, { organizationId, ids }, call);
      for (const [id, name] of Object.entries(found.names)) names.set(id, name);
    }
    const users = items.map(({ sub, userOrganizationId: organizationId, grant, firstAt, lastAt }) => ({
      ...{ sub, organizationId, grant, username: names.get(sub) ?? null },
      firstAt: firstAt.toISOString(),
      lastAt: lastAt.toISOString(),
    }));
    return { items: users, ...(next === undefined ? {} : { next }) };
  }
}
