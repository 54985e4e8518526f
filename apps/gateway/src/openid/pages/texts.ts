import de from './texts/de.json';
import en from './texts/en.json';

/** What the pages say, in one language. A translator adds a file beside these and its line here. */
export type Texts = typeof en;

const LANGUAGES: Readonly<Record<string, Texts>> = { en, de };
/** So many wishes are looked at: what a request names is never kept or loaded (abuse 48). */
const WISHES = 20;

/** The language asked for by the client (`ui_locales`), then by the browser (RFC 9110 §12.5.4), then English. */
export function textsFor(uiLocales: string | undefined, acceptLanguage: string | undefined): Texts {
  const accepted = (acceptLanguage ?? '').slice(0, 500).split(',').slice(0, WISHES).map(weighted);
  const wishes = [
    ...(uiLocales ?? '').slice(0, 500).split(' ').slice(0, WISHES),
    ...accepted.sort((one, other) => other.weight - one.weight).map(({ tag }) => tag),
  ];
  for (const wish of wishes) {
    const language = wish.trim().toLowerCase().split('-')[0] ?? '';
    const texts = Object.hasOwn(LANGUAGES, language) ? LANGUAGES[language] : undefined;
    if (texts) return texts;
  }
  return en;
}

function weighted(range: string): { tag: string; weight: number } {
  const [tag = '', ...parameters] = range.split(';');
  const quality = parameters.map((each) => /^\s*q=([\d.]+)\s*$/.exec(each)?.[1]).find((each) => each !== undefined);
  return { tag, weight: quality === undefined ? 1 : Number(quality) };
}

/** A text with what it names: `{client}`. */
export const fill = (text: string, values: Record<string, string>): string =>
  text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);

/** What a scope lets a client do, after “will be able to”. */
export const scopeText = ({ scopes, scopeOther }: Texts, scope: string): string =>
  (Object.hasOwn(scopes, scope) && scopes[scope as keyof typeof scopes]) || fill(scopeOther, { scope });
