import { MOST_RESOURCES, type ApiResource } from '@keyward/contracts';
import { invalid } from '../refusals';

/** Characters of RFC 3986's pchar that are the same in every spelling of a path, and no `;`, which some servers cut at. */
const LITERAL = "[A-Za-z0-9._~!$&'()+,=:@-]";
/** Literals and variables; between two variables there is something. */
const PART = new RegExp(`^(${LITERAL}|\\{[A-Za-z_]\\w*\\}(?!\\{))+$`);

/** The resources as they are kept. Throws `invalid_request` for a template that is none, or two that are the same. */
export function checkResources(resources: ApiResource[]): ApiResource[] {
  // Also of a document: what is made could not be changed afterwards.
  if (resources.length > MOST_RESOURCES)
    throw invalid(`an API has ${MOST_RESOURCES} resources at most, and not ${resources.length}`);
  const seen = new Set<string>();
  return resources.map(({ verb, template, authentication, scopes, plan }) => {
    const problem = problemOfTemplate(template);
    if (problem) throw invalid(`${verb} ${template}: ${problem}`);
    const key = `${verb} ${template.replace(/\{\w+\}/g, '{}').replace(/(?<=.)\/$/, '')}`;
    if (seen.has(key)) throw invalid(`${verb} ${template} is there twice`);
    seen.add(key);
    if (authentication === 'none' && scopes.length > 0)
      throw invalid(`${verb} ${template}: without authentication there are no scopes`);
    return { verb, template, authentication, scopes, ...(plan != null && { plan }) };
  });
}

function problemOfTemplate(template: string): string | undefined {
  if (!template.startsWith('/')) return 'a template begins with /';
  const parts = template.slice(1).split('/');
  for (const [i, part] of parts.entries()) {
    const last = i === parts.length - 1;
    if (last && (part === '' || part === '*')) continue;
    if (part === '') return 'a part is empty';
    if (part === '.' || part === '..') return 'dots are no part of a path';
    if (!PART.test(part)) return 'its parts are letters, digits, {variables}, and at the end *';
  }
  const variables = template.match(/\{\w+\}/g) ?? [];
  return new Set(variables).size < variables.length ? 'a variable is there twice' : undefined;
}

/** Every scope that a resource names, once. */
export const scopesOf = (resources: readonly ApiResource[]): string[] => [
  ...new Set(resources.flatMap(({ scopes }) => scopes)),
];
