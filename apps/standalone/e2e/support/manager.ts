import { deployment, runCli } from '@keyward/testing';
import { Visitor } from './browser';
import { answerDevice, pollDevice, startDevice } from './device';
import { makeUser, manage, unique, type TestUser } from './operator';

const keyward = deployment();

const basic: [string, string] = ['keyward-login', ''];
/** The client by which people of all organizations sign in to manage. */
export const LOGIN = { application: '', consumerKey: basic[0], consumerSecret: '', basic } as never as Parameters<
  typeof startDevice
>[0];
export const SCOPES = 'keyward:manage keyward:admin keyward:publish';

/** Makes a user of an organization with these roles. */
export async function makeMember(organization: string, ...roles: string[]): Promise<TestUser> {
  const user = await makeUser(organization, unique('member'));
  await manage('PATCH', `/${organization}/users/${user.username}`, { roles });
  return user;
}

/** What somebody gets who signs in at the root page by a device code. */
export async function signInToManage(
  { loginName, password }: Pick<TestUser, 'loginName' | 'password'>,
  scope = SCOPES,
): Promise<{ access_token: string; refresh_token: string; scope: string }> {
  const waiting = await startDevice(LOGIN, { scope });
  await answerDevice(waiting, { username: loginName, password });
  const { status, body, text } = await pollDevice(LOGIN, waiting);
  if (status !== 200) throw new Error(text);
  return body as { access_token: string; refresh_token: string; scope: string };
}

/** The command in a person's hands: `run` and `json` after a `login` whose page the person has answered. */
export class Person {
  private readonly env: Record<string, string>;

  constructor(readonly home: string) {
    const { baseUrl, caFile } = keyward.access;
    this.env = { KEYWARD_HOME: home, KEYWARD_URL: baseUrl, ...(caFile && { KEYWARD_CA_FILE: caFile }) };
  }

  async login({ loginName, password }: TestUser, decision: 'allow' | 'deny' = 'allow') {
    return this.run(['login'], async (said) => {
      const [uri] = /https:\S+user_code=\S+/.exec(said) ?? [];
      if (uri === undefined) return false;
      const waiting = { verification_uri_complete: uri } as Parameters<typeof answerDevice>[0];
      await answerDevice(waiting, { username: loginName, password }, decision, new Visitor());
      return true;
    });
  }

  async run(args: readonly string[], answer?: (said: string) => Promise<boolean>) {
    let answered = false;
    return runCli(args, this.env, '', (said) => {
      if (!answer || answered || !said.includes('Waiting')) return;
      answered = true;
      void answer(said);
    });
  }

  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- specs look into whatever came
  async json(...args: string[]): Promise<any> {
    const { code, stdout, stderr } = await this.run([...args, '--json']);
    if (code !== 0) throw new Error(`keyward ${args.join(' ')}: ${stderr}`);
    return JSON.parse(stdout);
  }
}
