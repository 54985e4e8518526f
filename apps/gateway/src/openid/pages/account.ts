import type { Consent, ConsentPage, Session, SessionPage } from '@keyward/contracts';
import { html, type Html } from './html';
import { csrfField, page, type Look } from './layout';
import { fill, scopeText, type Texts } from './texts';

/** What a user sees of the own sessions and consents. */
export interface AccountPage extends Look {
  csrf: string;
  username: string;
  /** The id of the session that looks. */
  current: string;
  sessions: SessionPage;
  consents: ConsentPage;
}

export function accountPage({ csrf, username, current, sessions, consents, ...look }: AccountPage): string {
  const { texts, base } = look;
  const button = (path: string, name: string, value: string, text: string) =>
    html`<form method="post" action="${base}/account/${path}">
      ${csrfField(csrf)}<input type="hidden" name="${name}" value="${value}" /><button>${text}</button>
    </form>`;
  const sessionItem = (session: Session): Html =>
    html`<li>
      <div>
        <strong>${session.userAgent ? browserOf(session.userAgent) : texts.unknownBrowser}</strong>
        ${session.id === current && html`<span class="badge">${texts.thisSession}</span>`}
        <p class="hint">
          ${fill(texts.signedInAt, { time: timeOf(session.signedInAt, texts), used: timeOf(session.usedAt, texts) })}
        </p>
      </div>
      ${button('end-session', 'id', session.id, session.id === current ? texts.signOut : texts.endSession)}
    </li>`;
  const consentItem = ({ clientId, name, scopes, grantedAt }: Consent): Html =>
    html`<li>
      <div>
        <strong>${name}</strong>
        <p class="hint">${scopes.map((scope) => scopeText(texts, scope)).join('; ')}</p>
        <p class="hint">${fill(texts.consentSince, { time: timeOf(grantedAt, texts) })}</p>
      </div>
      ${button('withdraw', 'client', clientId, texts.withdraw)}
    </li>`;
  const more = (list: string, next: string | undefined, text: string) =>
    next === undefined
      ? undefined
      : html`<p class="aside">
          <a href="${base}/account?${new URLSearchParams({ [list]: next }).toString()}">${text}</a>
        </p>`;
  const content = html`
    <p>${fill(texts.accountAs, { username })}</p>
    <h2>${texts.sessions}</h2>
    <ul class="list">
      ${sessions.items.map(sessionItem)}
    </ul>
    ${more('sessions', sessions.next, texts.moreSessions)}
    <h2>${texts.consents}</h2>
    ${
      consents.items.length === 0
        ? html`<p>${texts.noConsents}</p>`
        : html`<ul class="list">
            ${consents.items.map(consentItem)}
          </ul>`
    }
    ${more('consents', consents.next, texts.moreConsents)}
  `;
  return page(look, texts.accountTitle, content);
}

const timeOf = (iso: string, { language }: Texts): string =>
  new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short', timeZone: 'UTC' }).format(
    new Date(iso),
  ) + ' UTC';

const BROWSERS: [RegExp, string][] = [
  [/\bEdg/, 'Edge'],
  [/\bFirefox\//, 'Firefox'],
  [/\b(HeadlessChrome|Chrome|Chromium|CriOS)\//, 'Chrome'],
  [/\bSafari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux/, 'Linux'],
];

/** `Firefox, Linux`; what is not known as it calls itself. */
function browserOf(userAgent: string): string {
  const known = [BROWSERS, SYSTEMS].map((names) => names.find(([pattern]) => pattern.test(userAgent))?.[1]);
  return known.filter((name) => name !== undefined).join(', ') || userAgent.slice(0, 60);
}
