import { html, type Html } from './html';
import type { Texts } from './texts';

/** Whose page it is, and in which language. */
export interface Look {
  texts: Texts;
  /** `/t/<orgkey>`, or nothing at the root. */
  base: string;
  /** The organization's name; Keyward's own where none is known. */
  organization: string;
}

/** A whole page: one thing to do, named by its title. */
export const page = ({ texts, base, organization }: Look, title: string, content: Html): string =>
  html`<!doctype html>
    <html lang="${texts.language}">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="robots" content="noindex" />
        <title>${title} · ${organization}</title>
        <link rel="stylesheet" href="${base}/pages.css" />
        <link rel="icon" href="data:," />
      </head>
      <body>
        <main>
          <p class="organization">
            <span class="mark" aria-hidden="true">${initial(organization)}</span>${organization}
          </p>
          <h1>${title}</h1>
          ${content}
        </main>
      </body>
    </html>`
    .toString()
    .replace(/\n\s+/g, '\n');

const initial = (name: string): string => [...name.trim()][0]?.toUpperCase() ?? '';

/** The hidden field that only a page of ours, in this browser, can fill. */
export const csrfField = (token: string): Html => html`<input type="hidden" name="csrf" value="${token}" />`;

/** Something that the user must read before going on. */
export const alertOf = (text: string | undefined): Html | undefined =>
  text === undefined ? undefined : html`<p class="alert" role="alert">${text}</p>`;
