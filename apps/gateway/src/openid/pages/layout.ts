import { html, type Html } from './html';
import type { Texts } from './texts';

/** What an organization's pages look like; where that is as Keyward's own, it is not there. */
export interface Brand {
  /** `/t/<orgkey>`, also of a page at the root. */
  path: string;
  /** `#rrggbb` */
  colour?: string;
  /** Names the picture's version. */
  logo?: string;
}

/** Whose page it is, and in which language. */
export interface Look {
  texts: Texts;
  /** `/t/<orgkey>`, or nothing at the root. */
  base: string;
  /** The organization's name; Keyward's own where none is known. */
  organization: string;
  brand?: Brand;
}

/** A whole page: one thing to do, named by its title. */
export const page = ({ texts, base, organization, brand }: Look, title: string, content: Html): string =>
  html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · ${organization}</title>
        <link rel="stylesheet" href="${styleOf(base, brand)}" />
        <link rel="icon" href="${logoOf(brand) ?? 'data:,'}" />
      </head>
      <body>
        <main>
          <p class="organization">${markOf(organization, brand)}${organization}</p>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`
    .toString()
    .replace(/\n\s+/g, '\n');

/** Under another name with another colour, so that no browser shows the last one. */
const styleOf = (base: string, brand: Brand | undefined): string =>
  brand?.colour ? `${brand.path}/pages.css?v=${brand.colour.slice(1)}` : `${base}/pages.css`;

const logoOf = (brand: Brand | undefined): string | undefined =>
  brand?.logo && `${brand.path}/assets/logo?v=${brand.logo}`;

/** Its name is beside it: neither says anything to those who cannot see it. */
function markOf(organization: string, brand: Brand | undefined): Html {
  const logo = logoOf(brand);
  return logo === undefined
    ? html`<span class="mark" aria-hidden="true">${initial(organization)}</span>`
    : html`<img class="logo" src="${logo}" alt="" />`;
}

const initial = (name: string): string => [...name.trim()][0]?.toUpperCase() ?? '';

/** The hidden field that only a page of ours, in this browser, can fill. */
export const csrfField = (token: string): Html => html`<input type="hidden" name="csrf" value="${token}" />`;

/** Something that the user must read before going on. */
export const alertOf = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`;
