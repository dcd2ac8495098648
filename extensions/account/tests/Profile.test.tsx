import {getExtension} from '@shopify/ui-extensions-tester';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {ADDRESS} from '../../shared/address';
import {known, page, READY, replies, REWARD_CODE, silent, STANDING, status, TIER, type Reply} from '../../shared/tests/answers';

const extension = getExtension('customer-account.profile.block.render');

beforeEach(() => {
  account = says(null);
  vi.useFakeTimers();
  extension.setUp();
  extension.shopify.extension = {...extension.shopify.extension, editor: undefined as never};
  extension.shopify.i18n.formatDate = (date, options) => new Intl.DateTimeFormat('de', options).format(date);
  extension.shopify.localization.language.value = {isoCode: 'de'};
});

afterEach(() => {
  extension.tearDown();
  document.body.replaceChildren();
  vi.useRealTimers();
});

const ACCOUNT_API = 'shopify://customer-account/api/2026-07/graphql.json';

/** What Shopify itself says of the customer. */
const says = (value: string | null): Reply => () =>
  new Response(JSON.stringify({data: {customer: {metafield: value && {value}}}}));
let account: Reply;

const words = () => document.body.textContent;

async function show(seconds: number, ...given: Reply[]) {
  const fetch = replies(...given);
  extension.fetch = ((url: string, init?: RequestInit) =>
    url === ACCOUNT_API ? account(init ?? {}) : fetch(url, init)) as typeof globalThis.fetch;
  await extension.render();
  await vi.advanceTimersByTimeAsync(seconds * 1000 + 100);
  return fetch;
}

test('the profile asks for the account once and shows figures, rewards and entries', async () => {
  const fetch = await show(1, known({loyalty: {...STANDING, order: null, text: 'Du hast 320 Punkte.'}}));
  expect(fetch.mock.calls.map(([url]) => String(url))).toEqual([`${ADDRESS}/ext/account?locale=de`]);
  expect(words()).toContain('320einlösbar49unterwegs');
  expect(words()).toContain('2 € Rabatt200');
  expect(words()).toContain('Bestellung21.11.2026+49');
  expect(words()).not.toContain('Du hast 320 Punkte.');
});

test('codes that points bought are there to be copied and followed, and what else they buy is redeemed in the shop', async () => {
  const other = {...REWARD_CODE, title: 'Versand', code: 'DANKE-7K4M-9QXP-3TRV'};
  const over = {title: '10 %', text: 'Eingelöst.', code: null, apply_url: null};
  const links = {rewards_title: 'Das gibt es für deine Punkte', redeem_text: 'Im Shop einlösen', redeem_url: 'https://example.myshopify.com/'};
  await show(1, known({loyalty: {...STANDING, ...links, codes: [REWARD_CODE, other, over], endings: [{text: '20 Punkte verfallen am 1. Mai.'}]}}));
  const clips = [...document.body.querySelectorAll('s-clipboard-item')];
  expect(clips.map((clip) => clip.getAttribute('text'))).toEqual([REWARD_CODE.code, other.code]);
  expect(new Set(clips.map((clip) => clip.id)).size).toBe(2);
  expect([...document.body.querySelectorAll('s-link')].map((link) => link.getAttribute('href'))).toEqual([
    REWARD_CODE.apply_url,
    other.apply_url,
    links.redeem_url,
  ]);
  expect(words()).toContain('10 %Eingelöst.');
  expect(words()).toContain('20 Punkte verfallen am 1. Mai.');
});

test('what is taken back carries a real minus sign', async () => {
  const taken = {kind: 'clawback', points: -49, on: '2026-11-23', text: 'Bestellung geändert'};
  await show(1, known({loyalty: {...STANDING, entries: [taken]}}));
  expect(words()).toContain('Bestellung geändert23.11.2026\u221249');
});

const WAITING = {...READY, title: 'Dein Code wartet.', text: '10 % auf deine nächste Bestellung.'};

test('a code that waits stands above the points, to be copied and followed', async () => {
  await show(1, known({coupon: WAITING, loyalty: STANDING}));
  const cards = [...document.body.querySelectorAll('s-box[border]')];
  expect(cards.map((card) => card.querySelector('s-heading')?.textContent)).toEqual([WAITING.title, STANDING.title]);
  expect(cards[0]!.textContent).toContain(WAITING.text);
  expect(cards[0]!.textContent).toContain(WAITING.code);
  expect(cards[0]!.textContent).toContain(WAITING.note);
  expect(cards[0]!.querySelector('s-link')?.getAttribute('href')).toBe(WAITING.apply_url);
  expect(cards[0]!.querySelector('s-clipboard-item')?.getAttribute('text')).toBe(WAITING.code);
});

test('without a code that waits there are the points alone', async () => {
  await show(1, known({loyalty: STANDING}));
  expect(document.body.querySelectorAll('s-box[border]')).toHaveLength(1);
  expect(document.body.querySelector('s-clipboard-item')).toBeNull();
});

test('a path without a shop in front of it leads nowhere from here', async () => {
  await show(1, known({coupon: {...WAITING, apply_url: '/discount/DANKE-7K2M-9QXP?redirect=/'}}));
  expect(document.body.querySelector('s-link')).toBeNull();
});

test('the newest entries lead to all of them, in the shop', async () => {
  const way = {statement_url: 'https://example.com/apps/dankbar/widgets/loyalty/statement', statement_text: 'Alle Buchungen'};
  await show(1, known({loyalty: {...STANDING, ...way}}));
  const link = [...document.body.querySelectorAll('s-link')].find((found) => found.textContent === 'Alle Buchungen')!;
  expect(link.getAttribute('href')).toBe(way.statement_url);
});

test.each([{statement_url: 'javascript:alert(1)', statement_text: 'Alle'}, {entries: []}])('%j leads nowhere', async (other) => {
  await show(1, known({loyalty: {...STANDING, statement_url: 'https://example.com/x', statement_text: 'Alle', ...other}}));
  expect(document.body.querySelector('s-link')).toBeNull();
});

test('a day stays that day west of Greenwich', async () => {
  vi.stubEnv('TZ', 'America/Los_Angeles');
  await show(1, known({loyalty: STANDING}));
  expect(words()).toContain('21.11.2026');
  vi.unstubAllEnvs();
});

test('the balance that Shopify has stands there at once, and then what the app says', async () => {
  account = says('{"available":120,"pending":49,"debt":0,"opens":{"on":"2026-12-05","points":49}}');
  await show(0, silent);
  expect(words()).toBe('points.title120points.spend+49points.coming');
  expect(document.body.querySelectorAll('s-skeleton-paragraph')).toHaveLength(0);
  extension.tearDown();
  document.body.replaceChildren();
  extension.setUp();
  extension.shopify.extension = {...extension.shopify.extension, editor: undefined as never};
  await show(1, known({loyalty: STANDING}));
  expect(words()).toContain('320einlösbar');
  expect(words()).not.toContain('points.spend');
});

test('while the app is down the balance that Shopify has stays', async () => {
  account = says('{"available":7,"pending":0,"debt":3}');
  await show(1, status(503));
  expect(words()).toBe('points.title7points.spend3points.owedfailed');
});

test.each<[string, Reply]>([
  ['nothing', says(null)],
  ['no JSON', says('x')],
  ['no figures', says('{"available":"7","pending":0,"debt":-1}')],
  ['a list', says('[]')],
  ['null', says('null')],
  ['an error page', page],
  ['a broken line', () => Promise.reject(new TypeError('Failed to fetch'))],
])('%s instead of a balance leaves the place held', async (_, reply) => {
  account = reply;
  await show(0, silent);
  expect(document.body.querySelectorAll('s-skeleton-paragraph').length).toBeGreaterThan(0);
  expect(words()).toBe('');
});

test('loading holds the place of one card', async () => {
  await show(0, silent);
  expect(document.body.querySelectorAll('s-box[border]')).toHaveLength(1);
});

test.each<[string, Reply]>([
  ['an expired token', status(401)],
  ['an error page', page],
  ['silence', silent],
])('%s becomes one quiet sentence', async (_, reply) => {
  await show(6, reply);
  expect(words()).toBe('failed');
});

test('in the editor the sample has no order', async () => {
  extension.shopify.extension = {...extension.shopify.extension, editor: {type: 'checkout'}};
  await show(1, status(500));
  expect(words()).toContain('points.title');
  expect(words()).toContain('sample.coupon.waiting');
  expect(words()).not.toContain('sample.coupon.title');
  expect(words()).not.toContain('sample.loyalty.order');
});

test('a tier stands with what it brings and what is missing to the next', async () => {
  await show(1, known({loyalty: {...STANDING, tier: TIER}}));
  expect(document.body.textContent).toContain(TIER.title + TIER.multiplier_text + TIER.next.missing_text);
});
