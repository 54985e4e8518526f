import { Controller } from '@nestjs/common';
import { Handle, type Call } from '@keyward/bus';
import {
  authenticateUser,
  checkUser,
  createUser,
  deleteUser,
  endGrants,
  findUser,
  getProfile,
  listUsers,
  nameUsers,
  resetPassword,
  unlockUser,
  updateUser,
  type AuthenticateUser,
  type CheckUser,
  type CreatedUser,
  type CreateUser,
  type FoundProfile,
  type ListUsers,
  type NameUser,
  type NameUsers,
  type ProvenUser,
  type ResetPassword,
  type Subject,
  type UpdateUser,
  type User,
  type UserNames,
  type UserPage,
} from '@keyward/contracts';
import { SignIn } from './sign-in';
import { Users } from './users';

/** `directory.user.*`. */
@Controller()
export class UsersController {
  constructor(
    private readonly users: Users,
    private readonly signIn: SignIn,
  ) {}

  @Handle(authenticateUser)
  authenticate(request: AuthenticateUser, call: Call): Promise<ProvenUser> {
    return this.signIn.authenticate(request, call);
  }

  @Handle(checkUser)
  check(request: CheckUser): Promise<Subject> {
    return this.users.check(request);
  }

  @Handle(nameUsers)
  names(request: NameUsers): Promise<UserNames> {
    return this.users.names(request);
  }

  @Handle(getProfile)
  profile(request: CheckUser): Promise<FoundProfile> {
    return this.users.profile(request);
  }

  @Handle(createUser)
  create(request: CreateUser, call: Call): Promise<CreatedUser> {
    return this.users.create(request, call);
  }

  @Handle(listUsers)
  list(request: ListUsers): Promise<UserPage> {
    return this.users.list(request);
  }

  @Handle(findUser)
  find(request: NameUser): Promise<User> {
    return this.users.find(request);
  }

  @Handle(updateUser)
  update(request: UpdateUser): Promise<User> {
    return this.users.update(request);
  }

  @Handle(unlockUser)
  unlock(request: NameUser): Promise<User> {
    return this.users.unlock(request);
  }

  @Handle(endGrants)
  endGrants(request: NameUser): Promise<User> {
    return this.users.endAllGrants(request);
  }

  @Handle(resetPassword)
  resetPassword(request: ResetPassword, call: Call): Promise<CreatedUser> {
    return this.users.resetPassword(request, call);
  }

  @Handle(deleteUser)
  delete(request: NameUser): Promise<User> {
    return this.users.delete(request);
  }
}
