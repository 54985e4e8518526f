import { Agent, type Dispatcher, request } from 'undici';
import { CommandError } from './command-error';
import { type Server } from './connection';

/** A JSON answer; `body` is undefined when there was none. */
export interface Answer {
  status: number;
  body: unknown;
  /** Seconds after which to try again, when the server said so. */
  retryAfter?: string;
}

const UNTRUSTED = /CERT|SELF_SIGNED|UNABLE_TO_(VERIFY|GET_ISSUER)|ALTNAME/;

/** HTTP to one Keyward, whose certificate is checked against its own authority. */
export class Http {
  private readonly agent: Agent;

  constructor(readonly server: Server) {
    this.agent = new Agent({ connect: { ca: server.ca, rejectUnauthorized: !server.insecure } });
  }

  async send(
    method: Dispatcher.HttpMethod,
    path: string,
    { headers, body }: { headers?: Record<string, string>; body?: string } = {},
  ): Promise<Answer> {
    try {
      const url = this.server.url + path;
      const answer = await request(url, { method, headers, body, dispatcher: this.agent, headersTimeout: 30_000 });
      const text = await answer.body.text();
      const retryAfter = answer.headers['retry-after']?.toString();
      return { status: answer.statusCode, body: text ? parse(text) : undefined, retryAfter };
    } catch (error) {
      throw this.unreachable(error as NodeJS.ErrnoException);
    }
  }

  /** A form to the token API as RFC 6749 §2.3.1 has it: the client's credentials encoded in a Basic header. */
  form(path: string, form: Record<string, string>, clientId: string, clientSecret?: string): Promise<Answer> {
    const basic = `${encodeURIComponent(clientId)}:${encodeURIComponent(clientSecret ?? '')}`;
    const fields = clientSecret === undefined ? { ...form, client_id: clientId } : form;
    return this.send('POST', path, {
      headers: {
        'content-type': 'application/x-www-form-urlencoded',
        ...(clientSecret === undefined ? {} : { authorization: `Basic ${Buffer.from(basic).toString('base64')}` }),
      },
      body: new URLSearchParams(fields).toString(),
    });
  }

  close(): Promise<void> {
    return this.agent.close();
  }

  private unreachable(error: NodeJS.ErrnoException): CommandError {
    const { url } = this.server;
    const reason = error.code ?? error.message;
    if (UNTRUSTED.test(reason))
      return new CommandError(
        `The certificate of ${url} is not trusted (${reason}). Name its authority with KEYWARD_CA_FILE or --ca-file; ` +
          '--insecure skips the check.',
      );
    return new CommandError(
      `${url} does not answer (${reason}). Is it running (npm start)? KEYWARD_URL or --url names another server.`,
    );
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
