import type { ApiResource, Verb } from '@keyward/contracts';
import { Few } from './few';
import { canonicalTemplate, VARIABLE } from './template';

/** A resource and its template as paths are compared with it. */
export interface Resource extends ApiResource {
  /** Canonical, without a slash at its end. */
  readonly canonical: string;
}

/** Where a path may go on after a segment. */
interface Node {
  literals?: Few<Node>;
  /** Segments with variables: the text around these, the most of it first. */
  variables?: { around: string[]; node: Node }[];
  /** What ends here. */
  end?: Resource;
  /** What takes any rest, none included. */
  rest?: Resource;
}

/**
 * The resources of one verb of one API: exact before template before wildcard. Letters are compared without their case,
 * and what differs in nothing but that is no resource at all, not even a less strict one (RS-05).
 */
export class Matcher {
  private readonly exact = new Few<Resource>();
  private root?: Node = undefined;

  constructor(readonly verb: Verb) {}

  add(resource: ApiResource): void {
    const template = canonicalTemplate(resource.template);
    if (template === undefined) return; // What is not understood opens nothing.
    const isWildcard = template.endsWith('*');
    const canonical = withoutSlash(isWildcard ? template.slice(0, -1) : template);
    const known = knownOf(resource, canonical);
    const folded = canonical.toLowerCase();
    if (!isWildcard && !canonical.includes(VARIABLE)) {
      this.exact.set(folded, known);
      return;
    }
    const node = segmentsOf(folded).reduce(childFor, (this.root ??= {}));
    node[isWildcard ? 'rest' : 'end'] = known;
  }

  /** The resource of a canonical path within the API, which begins with a slash or is empty, and does not end with one. */
  match(path: string): Resource | undefined {
    const folded = path.toLowerCase();
    const exact = this.exact.get(folded);
    if (exact) return exact.canonical === path ? exact : undefined;
    if (!this.root) return undefined;
    const segments = segmentsOf(folded);
    const found = find(this.root, segments, 0, 'end') ?? find(this.root, segments, 0, 'rest');
    return found && isSpelt(found.canonical, path) ? found : undefined;
  }
}

/** Of the many that have none. */
const NO_SCOPES: string[] = [];

/** Written out, for of a spread object V8 keeps a shape of its own, larger than the object. */
const knownOf = ({ verb, template, authentication, scopes, plan }: ApiResource, canonical: string): Resource => ({
  verb,
  template,
  authentication,
  scopes: scopes.length === 0 ? NO_SCOPES : scopes,
  plan,
  canonical: canonical === template ? template : canonical, // one text where they are the same
});

/** A path without the slash at its end: with and without, it is one resource. */
export const withoutSlash = (path: string): string => (path.endsWith('/') ? path.slice(0, -1) : path);

/** A leading slash begins the first segment. */
const segmentsOf = (path: string): string[] => (path === '' ? [] : path.slice(1).split('/'));

function childFor(node: Node, segment: string): Node {
  const around = segment.split(VARIABLE);
  if (around.length === 1) {
    const literals = (node.literals ??= new Few<Node>());
    const child = literals.get(segment) ?? {};
    literals.set(segment, child);
    return child;
  }
  const variables = node.variables ?? [];
  const known = variables.find((other) => other.around.join(VARIABLE) === segment);
  if (known) return known.node;
  const child = { around, node: {} };
  node.variables = variables.concat(child).sort((a, b) => b.around.join('').length - a.around.join('').length);
  return child.node;
}

/** Each node is looked at once at most: what a publisher writes cannot make this slow. Of wildcards, the deepest. */
function find(node: Node, segments: string[], at: number, what: 'end' | 'rest'): Resource | undefined {
  const segment = segments[at];
  if (segment === undefined) return node[what];
  const literal = node.literals?.get(segment);
  let found = literal && find(literal, segments, at + 1, what);
  if (found) return found;
  for (const { around, node: next } of node.variables ?? []) {
    found = fits(segment, around) ? find(next, segments, at + 1, what) : undefined;
    if (found) return found;
  }
  return what === 'rest' ? node.rest : undefined;
}

/** Whether a segment has this text in this order, with something between each two. */
function fits(segment: string, around: readonly string[]): boolean {
  const first = around[0] ?? '';
  const last = around.at(-1) ?? '';
  if (!segment.startsWith(first)) return false;
  let at = first.length;
  for (const inner of around.slice(1, -1)) {
    at = segment.indexOf(inner, at + 1);
    if (at < 0) return false;
    at += inner.length;
  }
  return segment.length - last.length > at && segment.endsWith(last);
}

/** Whether a path has the template's text as that is written, given that it has it in some case. */
function isSpelt(template: string, path: string): boolean {
  const segments = segmentsOf(path);
  return segmentsOf(template).every((wanted, n) => {
    const segment = segments[n] ?? '';
    const around = wanted.split(VARIABLE);
    return around.length === 1 ? wanted === segment : fits(segment, around);
  });
}
