import { Controller, HttpCode, Inject, Options, Post, Req, Res } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { Bus } from '@keyward/bus';
import {
  authorizeDevice,
  introspectToken,
  issueToken,
  pushRequest,
  revokeToken,
  ROOT_ORGANIZATION,
  type CompatibilityProfile,
  type DeviceAuthorization,
  ServiceError,
  type Introspection,
  type Possession,
  type PushedAuthorization,
  type Rpc,
  type TokenRequest,
  type TokenResponse,
} from '@keyward/contracts';
import { Organizations } from '@keyward/runtime';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { GATEWAY_CONFIG, type GatewayConfig } from '../config';
import { authorizationOf } from '../http/authorization';
import { clientAddress } from '../http/client-address';
import { callOf } from '../http/request-call';
import { organizationAt } from '../http/organization';
import { ClientCertificates } from '../possession/certificates';
import { Knowledge } from '../proxy/knowledge';
import { bringsProof, proofOf } from '../possession/dpop-proof';
import { urlOf } from '../possession/presented';
import { clientIn, formOf, parseForm } from './form';
import { namedIn, Origins } from './origins';
import { endpointPaths, FORM_ENDPOINTS } from './paths';
import { sunsetHeaders } from './sunset';
import { inWordsOf } from './wording';

/** RFC 9449 §5, §10.1. */
const TAKES_PROOF = new Set([issueToken.subject, pushRequest.subject]);

type Named = Pick<TokenRequest, 'params' | 'authorization'>;
type At = FastifyRequest<{ Params: { orgkey?: string } }>;

/** The token, device authorization, revocation and introspection endpoints: a form becomes one message, and its answer the body. */
@ApiExcludeController()
@Controller()
export class OAuthController {
  constructor(
    @Inject(GATEWAY_CONFIG) private readonly config: GatewayConfig,
    private readonly bus: Bus,
    private readonly organizations: Organizations,
    private readonly origins: Origins,
    private readonly known: Knowledge,
    private readonly certificates: ClientCertificates,
  ) {}

  @Post(endpointPaths('token'))
  @HttpCode(200)
  async token(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<TokenResponse> {
    const { body, sunset, dpopNonce } = await this.ask(issueToken, request, reply);
    if (dpopNonce) reply.header('dpop-nonce', dpopNonce);
    if (sunset) reply.headers(sunsetHeaders(sunset));
    return body;
  }

  @Post(endpointPaths('device_authorize'))
  @HttpCode(200)
  async device(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<DeviceAuthorization> {
    return this.ask(authorizeDevice, request, reply);
  }

  /** RFC 9126 §2. */
  @Post(endpointPaths('par'))
  @HttpCode(201)
  async push(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<PushedAuthorization> {
    return this.ask(pushRequest, request, reply);
  }

  /** Answers `{}`: simple-oauth2 takes an empty body for a failure (RV-09). */
  @Post(endpointPaths('revoke'))
  @HttpCode(200)
  async revoke(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<object> {
    await this.ask(revokeToken, request, reply);
    return {};
  }

  @Post(endpointPaths('introspect'))
  @HttpCode(200)
  async introspect(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<Introspection> {
    return this.ask(introspectToken, request, reply);
  }

  /** a browser asks whether a page's script may. */
  @Options(FORM_ENDPOINTS.flatMap(endpointPaths))
  @HttpCode(204)
  async preflight(@Req() request: At, @Res({ passthrough: true }) reply: FastifyReply): Promise<void> {
    await this.origins.preflight(request, reply, 'POST');
  }

  private async ask<Res extends object>(
    message: Rpc<TokenRequest, Res>,
    request: At,
    reply: FastifyReply,
  ): Promise<Res> {
    const named: Named = { params: {}, authorization: authorizationOf(request) };
    const call = callOf(request);
    const { origin } = request.headers;
    const work = async () => {
      named.params = readForm(request, named);
      const organizationId = await this.organizationIdOf(request);
      const certificate = this.certificates.of(request.raw);
      const possession = TAKES_PROOF.has(message.subject) ? await this.possessionOf(request) : undefined;
      const form = { ...named, organizationId, ip: clientAddress(request), possession, certificate };
      return this.bus.call(message, form, call);
    };
    try {
      return await (origin === undefined ? work() : this.origins.answer(origin, named, reply, call, work));
    } catch (error) {
      throw this.worded(error, request, named);
    }
  }

  /** RFC 9449 §5. Throws `invalid_dpop_proof`. */
  private async possessionOf(request: At): Promise<Possession | undefined> {
    const certificate = this.certificates.thumbprintOf(request.raw);
    if (!bringsProof(request.raw)) return certificate === undefined ? undefined : { certificate };
    const dpop = await proofOf(request.raw, { url: urlOf(request, this.config.server.publicUrl) });
    if (!dpop) throw new ServiceError('invalid_dpop_proof', 'The DPoP proof is not valid');
    return { dpop, certificate };
  }

  private async organizationIdOf({ params: { orgkey } }: At): Promise<string | undefined> {
    return orgkey === undefined ? undefined : (await organizationAt(this.organizations, orgkey)).id;
  }

  /** In the words of the organization whose endpoint it is; at the root, of whose client it was, or else the operator's own. */
  private worded(error: unknown, { params: { orgkey } }: At, named: Named): unknown {
    const clientId = namedIn(named);
    const owner = clientId === undefined ? undefined : this.known.client(clientId)?.organizationId;
    return inWordsOf(this.profileOf(orgkey, owner), error, { clientId, username: named.params['username'] });
  }

  private profileOf(orgkey: string | undefined, owner: string = ROOT_ORGANIZATION.id): CompatibilityProfile {
    try {
      const { organizations } = this;
      const found =
        orgkey === undefined ? organizations.active(owner) : organizations.activeByKey(orgkey.toLowerCase());
      return found?.compatibilityProfile ?? 'rfc';
    } catch {
      return 'rfc'; // While nothing certain is known of organizations.
    }
  }
}

/** Of a form that is refused, it is known all the same whose it is, as far as it says so. Throws `invalid_request`. */
function readForm(request: FastifyRequest, named: Named): Named['params'] {
  try {
    return parseForm(formOf(request));
  } catch (error) {
    const clientId = clientIn(request);
    if (clientId !== undefined) named.params = { client_id: clientId };
    throw error;
  }
}
