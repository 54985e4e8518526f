import * as contracts from '../../libs/contracts/dist/index.js';
import { code, page, table } from './page.mjs';
import { validated } from './validated.mjs';

const isMessage = (value) => typeof value === 'object' && value !== null && typeof value.subject === 'string';
const exported = Object.values(contracts).flatMap((value) =>
  typeof value === 'object' && value !== null && 'heartbeat' in value ? Object.values(value) : [value],
);
const messages = exported.filter(isMessage).sort((a, b) => (a.subject < b.subject ? -1 : 1));
const owners = [...new Set(messages.map(({ subject }) => subject.split('.')[0]))];

function fields(Class) {
  return [...validated(Class)]
    .map(([name, rules]) => [
      rules.includes('isOptional') ? `${name}?` : name,
      rules.filter((rule) => rule !== 'isOptional'),
    ])
    .map(([name, rules]) => `${code(name)} ${rules.join(', ')}`)
    .join('<br>');
}

const section = (owner) => {
  const its = messages.filter(({ subject }) => subject.startsWith(`${owner}.`));
  const requests = its.filter(({ request }) => request);
  const events = its.filter(({ payload }) => payload);
  return [
    `## ${owner}`,
    table(
      ['Subject', 'Request', 'Fields', 'Answer', 'Repeatable'],
      requests.map(({ subject, request, response, repeatable }) => [
        code(subject),
        request.name,
        fields(request),
        response.name,
        repeatable ? 'yes' : 'no',
      ]),
    ),
    ...(events.length === 0
      ? []
      : [
          table(
            ['Event', 'Payload'],
            events.map(({ subject, payload }) => [code(subject), payload.name]),
          ),
        ]),
  ];
};

page('messages', 'messages.mjs', [
  '# Messages',
  'What crosses a process, by the service that owns it: requests with one answer, and events. A field with `?` may be left out. A ' +
    'repeatable request is sent once more when its first was lost; any other answers `temporarily_unavailable`.',
  ...owners.flatMap(section),
]);
