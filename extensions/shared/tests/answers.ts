/** What the app may reply, and what the tests' pages are asked to show of it. */
import {vi} from 'vitest';

export type Reply = (init: RequestInit) => Response | Promise<Response>;

export const READY = {
  state: 'ready',
  title: 'Danke für deine Bestellung.',
  text: '10 % auf deine nächste Bestellung.',
  value_text: '10 %',
  code: 'DANKE-7K2M-9QXP',
  expires_on: '2026-12-21',
  apply_url: 'https://example.myshopify.com/discount/DANKE-7K2M-9QXP?redirect=/',
  note: 'Gültig bis 21. Dezember 2026.',
  apply_text: 'Im Laden einlösen',
  print_url: 'https://example.myshopify.com/apps/dankbar/widgets/coupon/card?code=DANKE',
  print_text: 'Als Karte drucken',
  copy_text: 'Kopieren',
  copied_text: 'Kopiert',
};

export const PENDING = {...READY, state: 'pending', text: 'Der Code wird gerade gemacht.', code: null, apply_url: null};

export const STAMPS = {have: 3, of: 5, label: '3 von 5 Stempeln', text: 'Noch 2 Bestellungen.', drawn: true};

export const EARNED = {
  title: 'Deine Punkte',
  text: 'Diese Bestellung bringt dir 49 Punkte.',
  order: {earned: 49, available_on: '2026-12-05'},
  rewards: [],
  entries: [],
  figures: [],
};

/** The same for whoever is not signed in. */
export const GUEST = {
  ...EARNED,
  guest_text: 'Melde dich mit der E-Mail-Adresse dieser Bestellung an.',
  account_url: 'https://example.myshopify.com/account',
  account_text: 'Anmelden',
};

export const STANDING = {
  ...EARNED,
  available: 320,
  figures: [
    ['einlösbar', '320'],
    ['unterwegs', '49'],
  ],
  rewards: [{id: 'r1', title: '2 € Rabatt', cost: 200, affordable: true}],
  entries: [{kind: 'accrual', points: 49, on: '2026-11-21', text: 'Bestellung'}],
};

export const REWARD_CODE = {
  title: '5 € Rabatt',
  text: 'Nur für dich, für eine Bestellung bis 21. Februar 2027.',
  code: 'DANKE-4CWH-6NRJ-9DXK',
  apply_url: 'https://example.myshopify.com/discount/DANKE-4CWH-6NRJ-9DXK?redirect=/',
  apply_text: 'Im Shop einlösen',
  copy_text: 'Kopieren',
  copied_text: 'Kopiert',
};

export const TIER = {
  id: 'silver',
  title: 'Silber',
  multiplier_text: '1,5-fache Punkte auf jede Bestellung',
  next: {title: 'Gold', missing_text: 'Noch 35 € bis Gold'},
};

export const TRUST = {
  title: 'Worauf du dich verlassen kannst',
  text: 'Du hast bei Muster & Söhne bestellt.',
  seals: [{text: 'Trusted Shops, prüfen', verify_url: 'https://www.trustedshops.de/x', image: 'https://example.com/cdn/shop/files/a.png'}],
  seals_text: 'Zuletzt nachgesehen am 29. November.',
  people: {
    title: 'Wer dein Paket packt',
    names: [{name: 'Marta', about: 'packt seit 2019 jedes Paket'}],
    reach_title: 'So erreichst du uns',
    hours: 'Montag bis Freitag, 9 bis 16 Uhr',
    ways: [{text: 'hallo@example.com', url: 'mailto:hallo@example.com'}],
  },
};

export const DELIVERY = {
  state: 'promised',
  title: 'Bei dir: Di., 24. bis Do., 26. November',
  text: 'Mit DHL. Wir übergeben es bis Mo., 23. November.',
  note: '9 von 10 solchen Paketen sind bis Donnerstag da.',
  changes: [],
  steps: [
    {name: 'Bestellt', when: '21. Nov.', done: true},
    {name: 'Übergeben', when: '23. Nov.', done: false},
    {name: 'Bei dir', when: '24.–26. Nov.', done: false},
  ],
  parcels: [],
};

export const DELAYED = {
  ...DELIVERY,
  state: 'late',
  title: 'Dein Paket kommt später. Das tut uns leid.',
  text: 'Neuer Tag: Fr., 27. bis Sa., 28. November.',
  note: null,
  first_text: 'Zuerst zugesagt: Di., 24. bis Do., 26. November.',
  help_text: 'Antworte auf die Bestellbestätigung.',
  changes: [{on: '2026-11-25', reason: 'carrier', text: '25. Nov.: jetzt Fr., 27. bis Sa., 28. November.'}],
  tracking_url: 'https://www.dhl.de/?piececode=1',
  tracking_text: 'Sendung verfolgen',
};

export const PANEL = {
  panel: {
    title: 'Deine Daten',
    text: 'Dankbar fragt nach keinem Namen.',
    rows_title: 'Was gespeichert wird, und warum',
    url: 'https://example.com/apps/dankbar/widgets/trust/data?locale=de',
    url_text: 'Was mit deinen Daten geschieht',
    mine_url: 'https://example.com/apps/dankbar/widgets/trust/my-data?locale=de',
    mine_text: 'Was über dich gespeichert ist',
  },
  data: [{what: 'Bestellungen', purpose: 'Damit Punkte stimmen.', retention: 'Bis zur Löschung.'}],
};

export function known(widgets: object, order = 'known'): Reply {
  return () => json({order: {id: '1', state: order}, widgets});
}

export function awaited(headers: Record<string, string> = {}): Reply {
  return () => json({order: {id: '1', state: 'awaited'}, widgets: {}}, {status: 202, headers});
}

export function status(code: number, headers: Record<string, string> = {}): Reply {
  return () => json({code: 'x', message: 'x'}, {status: code, headers});
}

export const page: Reply = () => new Response('<!doctype html><h1>502</h1>', {headers: {'Content-Type': 'text/html'}});

export const broken: Reply = () => Promise.reject(new TypeError('Failed to fetch'));

/** Never replies, and notices when it is given up. */
export const silent: Reply = (init) =>
  new Promise((_, reject) => init.signal?.addEventListener('abort', () => reject(new Error('aborted'))));

/** A fetch that gives these replies one after the other and then the last one for ever. */
export function replies(...all: Reply[]) {
  let next = 0;
  return vi.fn((_url: string | URL | Request, init: RequestInit = {}) =>
    Promise.resolve(all[Math.min(next++, all.length - 1)]!(init)),
  );
}

function json(body: unknown, init?: ResponseInit): Response {
  return new Response(JSON.stringify(body), init);
}
