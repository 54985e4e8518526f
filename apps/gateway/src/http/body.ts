import type { FastifyInstance, FastifyRequest } from 'fastify';
import { endpointPaths, FORM_ENDPOINTS } from '../oauth/paths';
import { isManagement } from './answers';
import { Refusal } from './refusal';
import { hasPlainTexts } from './text';

/** Bytes of a body at most. */
export const BODY_LIMIT = 64 * 1024;
/** A document of 512 KiB, as a text in JSON. */
export const IMPORT_LIMIT = 640 * 1024;
const IMPORT = /\/apis\/import$/;
/** Clients register in JSON (RFC 7591 §3.1). */
const REGISTRATION = /\/register(\/:clientId)?$/;
/** How deep JSON may be nested: the management API's own is two deep. */
const JSON_DEPTH = 8;

/** The forms of the token endpoints stay bytes, JSON is parsed where it is taken; no body is read for the other. */
export function readBodies(fastify: FastifyInstance): void {
  fastify.addHook('onRoute', (route) => {
    if (IMPORT.test(route.url)) route.bodyLimit = IMPORT_LIMIT;
  });
  const json = fastify.getDefaultJsonParser('error', 'error');
  fastify.removeAllContentTypeParsers();
  fastify.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'buffer' }, (request, body, done) => {
    done(takesJson(request) ? unsupported() : null, body);
  });
  fastify.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (!takesJson(request)) done(takesForm(request) ? null : unsupported());
    // What is to be deleted is said by the path; a client that names a type all the same has sent nothing (RFC 9110 §9.3.5).
    else if (request.method === 'DELETE' && body === '') done(null, undefined);
    else void json(request, body as string, (error, value) => done(error ?? problemWith(value, request), value));
  });
  fastify.addContentTypeParser('*', { parseAs: 'string' }, (request, _, done) => {
    done(takesForm(request) ? null : unsupported());
  });
}

const FORMS = new Set(FORM_ENDPOINTS.flatMap(endpointPaths));
/** An endpoint that takes a form says itself, in the words of whose it is, that what came is none. */
const takesForm = (request: FastifyRequest): boolean => FORMS.has(request.routeOptions.url ?? '');

const isRegistration = ({ routeOptions }: FastifyRequest): boolean => REGISTRATION.test(routeOptions.url ?? '');
const takesJson = (request: FastifyRequest): boolean => isManagement(request) || isRegistration(request);

function problemWith(value: unknown, request: FastifyRequest): Refusal | null {
  if (deeperThan(JSON_DEPTH, value)) return malformed('the body is nested too deeply', request);
  return hasPlainTexts(value) ? null : malformed('a text of the body has NUL or half a character in it', request);
}

const unsupported = () => new Refusal(415, 'invalid_request', 'this content type is not accepted');
const malformed = (why: string, request: FastifyRequest) =>
  new Refusal(400, isRegistration(request) ? 'invalid_client_metadata' : 'invalid_request', why);

const deeperThan = (left: number, value: unknown): boolean =>
  typeof value === 'object' &&
  value !== null &&
  (left === 0 || Object.values(value).some((each) => deeperThan(left - 1, each)));
