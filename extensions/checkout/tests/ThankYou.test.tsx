import {fireEvent} from '@testing-library/preact';
import {getExtension} from '@shopify/ui-extensions-tester';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {ADDRESS} from '../../shared/address';
import {DELAYED, DELIVERY, EARNED, GUEST, PANEL, PENDING, READY, STANDING, TRUST, awaited, broken, known, page, replies, silent, status, type Reply} from '../../shared/tests/answers';

const extension = getExtension('purchase.thank-you.block.render');
const TOKEN = '0123456789abcdef0123456789abcdef';

beforeEach(() => {
  vi.useFakeTimers();
  extension.setUp();
  extension.shopify.extension = {...extension.shopify.extension, editor: undefined as never};
  extension.shopify.orderConfirmation.value = {
    order: {id: 'gid://shopify/OrderIdentity/9223372036854775807'},
    isFirstOrder: false,
  };
  extension.shopify.checkoutToken.value = TOKEN;
  extension.shopify.localization.language.value = {isoCode: 'de-AT'};
});

afterEach(() => {
  extension.tearDown();
  document.body.replaceChildren();
  vi.useRealTimers();
});

const all = (name: string) => [...document.body.querySelectorAll(name)];
const one = (name: string) => document.body.querySelector(name);
const words = () => document.body.textContent;

/** Show the page on which the app gives these replies; `seconds` later. */
async function show(seconds: number, ...given: Reply[]) {
  const fetch = replies(...given);
  extension.fetch = fetch as typeof globalThis.fetch;
  await extension.render();
  await vi.advanceTimersByTimeAsync(seconds * 1000 + 100);
  return fetch;
}

test('one request with the order, its token and the language, proved by the session', async () => {
  const fetch = await show(1, known({coupon: READY, loyalty: EARNED}));
  expect(fetch).toHaveBeenCalledTimes(1);
  const [url, init] = fetch.mock.calls[0]!;
  const {origin, pathname, searchParams} = new URL(String(url));
  expect(origin).toBe(ADDRESS);
  expect(pathname).toBe('/ext/orders/9223372036854775807');
  expect(Object.fromEntries(searchParams)).toEqual({surface: 'thank_you', locale: 'de-AT', checkout_token: TOKEN});
  expect(new Headers(init?.headers).get('Authorization')).toBe('Bearer mock-session-token');
});

test('without a checkout token none is sent', async () => {
  extension.shopify.checkoutToken.value = undefined;
  const fetch = await show(1, known({}));
  expect(new URL(String(fetch.mock.calls[0]![0])).searchParams.has('checkout_token')).toBe(false);
});

test('while loading, the three cards stand veiled and are announced', async () => {
  await show(0, silent);
  expect(all('s-box[border]')).toHaveLength(3);
  expect(all('s-skeleton-paragraph').every((veil) => veil.getAttribute('content'))).toBe(true);
  expect(one('[accessibilityrole=status]')?.getAttribute('accessibilitylabel')).toBe('loading');
  expect(words()).toBe('');
});

test('a guest reads after the coupon how to get at the points, with the way there', async () => {
  await show(1, known({coupon: READY, loyalty: GUEST}));
  expect(words()).toContain(GUEST.guest_text);
  const link = all('s-link').find((found) => found.textContent === 'Anmelden')!;
  expect(link.getAttribute('href')).toBe(GUEST.account_url);
  expect(words()!.indexOf(READY.code)).toBeLessThan(words()!.indexOf(GUEST.guest_text));
});

test('the day of delivery follows the coupon, with its way in three steps', async () => {
  await show(1, known({delivery: DELIVERY, coupon: READY, trust: TRUST}));
  const told = words()!;
  expect(told.indexOf(DELIVERY.title)).toBeGreaterThan(told.indexOf(READY.code));
  expect(told.indexOf(DELIVERY.title)).toBeLessThan(told.indexOf(TRUST.title));
  expect(told).toContain(DELIVERY.note);
  const icons = all('s-grid s-icon').map((icon) => icon.getAttribute('type'));
  expect(icons).toEqual(['check-circle-filled', 'circle', 'circle']);
});

test('a late parcel comes first: apology, new day, first promise, each change, help and tracking', async () => {
  await show(1, known({delivery: DELAYED, coupon: READY}));
  const told = words()!;
  expect(told.indexOf(DELAYED.title)).toBeLessThan(told.indexOf(READY.code));
  for (const line of [DELAYED.text, DELAYED.first_text, DELAYED.changes[0]!.text, DELAYED.help_text]) {
    expect(told).toContain(line);
  }
  const link = all('s-link').find((found) => found.textContent === DELAYED.tracking_text)!;
  expect(link.getAttribute('href')).toBe(DELAYED.tracking_url);
  expect(link.getAttribute('target')).toBe('_blank');
});

test('of several parcels each is named with its own link', async () => {
  const parcels = [
    {name: 'Paket 1 von 2', text: 'DHL, unterwegs', tracking_url: 'https://www.dhl.de/1', done: false},
    {name: 'Paket 2 von 2', text: 'DHL, zugestellt', tracking_url: null, done: true},
  ];
  await show(1, known({delivery: {...DELAYED, state: 'handed_over', parcels}}));
  const links = all('s-link').map((link) => [link.getAttribute('accessibilitylabel'), link.getAttribute('href')]);
  expect(links).toEqual([['Paket 1 von 2: Sendung verfolgen', 'https://www.dhl.de/1']]);
  expect(words()).toContain('DHL, zugestellt');
});

test('seals and who packed the order are told last, with the ways to check and to reach them', async () => {
  await show(1, known({trust: TRUST, coupon: READY}));
  for (const told of ['Wer dein Paket packt', 'Marta', 'packt seit 2019 jedes Paket', 'Montag bis Freitag, 9 bis 16 Uhr']) {
    expect(words()!.indexOf(told)).toBeGreaterThan(words()!.indexOf(READY.code));
  }
  const seal = all('s-link').find((found) => found.textContent === TRUST.seals[0]!.text)!;
  expect([seal.getAttribute('href'), seal.getAttribute('target')]).toEqual([TRUST.seals[0]!.verify_url, '_blank']);
  expect(words()).toContain(TRUST.seals_text);
  const mail = all('s-link').find((found) => found.textContent === 'hallo@example.com')!;
  expect(mail.getAttribute('href')).toBe('mailto:hallo@example.com');
});

test('what happens with the data is folded away, with the ways to the whole and to one\'s own', async () => {
  await show(1, known({trust: {...TRUST, ...PANEL}}));
  expect(one('s-summary')?.textContent).toBe(PANEL.panel.rows_title);
  expect(one('s-details')?.textContent).toContain('Damit Punkte stimmen. Bis zur Löschung.');
  for (const [text, url] of [[PANEL.panel.url_text, PANEL.panel.url], [PANEL.panel.mine_text, PANEL.panel.mine_url]]) {
    expect(all('s-link').find((found) => found.textContent === text)!.getAttribute('href')).toBe(url);
  }
});

test('a way that leads to no shop is not offered', async () => {
  await show(1, known({loyalty: {...GUEST, account_url: 'javascript:alert(1)'}}));
  expect(words()).toContain(GUEST.guest_text);
  expect(words()).not.toContain('Anmelden');
});

test('a ready code leads to its card', async () => {
  await show(1, known({coupon: READY}));
  const sheet = all('s-link').find((found) => found.textContent === READY.print_text)!;
  expect(sheet.getAttribute('href')).toBe(READY.print_url);
});

test('a card that leads to no shop is not offered', async () => {
  await show(1, known({coupon: {...READY, print_url: 'javascript:alert(1)'}}));
  expect(words()).toContain(READY.code);
  expect(words()).not.toContain(READY.print_text);
});

test('a ready code can be copied and followed', async () => {
  await show(1, known({coupon: READY}));
  expect(one('s-heading')?.textContent).toBe(READY.title);
  expect(one('s-text')?.textContent).toBe(READY.code);
  expect(one('s-link')?.getAttribute('href')).toBe(READY.apply_url);
  expect(one('s-link')?.textContent).toBe(READY.apply_text);
  expect(words()).toContain(READY.text);
  expect(words()).toContain(READY.note);
  const [item, button] = [one('s-clipboard-item')!, one('s-button')!];
  expect(item.getAttribute('text')).toBe(READY.code);
  expect(button.getAttribute('command')).toBe('--copy');
  expect(button.getAttribute('commandfor')).toBe(item.id);
  expect(button.textContent).toBe('Kopieren');
  fireEvent(item, new Event('copy'));
  await vi.advanceTimersByTimeAsync(50);
  expect(button.textContent).toBe('Kopiert');
  expect(all('s-skeleton-paragraph')).toHaveLength(0);
});

test('without labels a picture copies and the value is the link', async () => {
  const {state, text, code, apply_url, value_text} = READY;
  await show(1, known({coupon: {state, text, code, apply_url, value_text}}));
  expect(one('s-heading')?.textContent).toBe('10 %');
  expect(one('s-button s-icon')?.getAttribute('type')).toBe('clipboard');
  expect(one('s-button')?.getAttribute('accessibilitylabel')).toBe(READY.code);
  expect(one('s-link')?.textContent).toBe('10 %');
});

test('an order on its way keeps the skeleton until it is there', async () => {
  const fetch = await show(0, awaited({'Retry-After': '2'}), known({coupon: READY}));
  expect(all('s-skeleton-paragraph').length).toBeGreaterThan(0);
  await vi.advanceTimersByTimeAsync(2000);
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(words()).toContain(READY.code);
});

test('a code being made keeps its place, and the points are there already', async () => {
  await show(0, known({coupon: PENDING, loyalty: EARNED}), known({coupon: READY, loyalty: EARNED}));
  expect(words()).toContain(PENDING.text);
  expect(words()).toContain(EARNED.text);
  expect(all('s-skeleton-paragraph')).toHaveLength(1);
  expect(one('s-button')).toBeNull();
  await vi.advanceTimersByTimeAsync(1100);
  expect(words()).toContain(READY.code);
});

test('a code that is pending for ever is promised to the order page', async () => {
  const fetch = await show(60, known({coupon: PENDING}));
  expect(fetch).toHaveBeenCalledTimes(5);
  expect(words()).toContain('later');
  expect(all('s-skeleton-paragraph')).toHaveLength(0);
});

test('an order that never comes is promised to the order page', async () => {
  await show(60, awaited());
  expect(words()).toBe('later');
});

test.each(['void', 'redeemed', 'none'])('a %s coupon says why and offers nothing', async (state) => {
  await show(1, known({coupon: {...READY, state, text: 'Darum.', code: null, apply_url: null, note: null}}));
  expect(words()).toBe(`${READY.title}Darum.`);
  expect(one('s-button') ?? one('s-link') ?? one('s-clipboard-item')).toBeNull();
});

test('a guest sees the points of the order and no figures', async () => {
  await show(1, known({loyalty: EARNED}));
  expect(words()).toBe(EARNED.title + EARNED.text);
});

test('the signed-in see their figures too', async () => {
  await show(1, known({loyalty: STANDING}));
  expect(words()).toContain('320einlösbar49unterwegs');
  expect(words()).toContain(STANDING.text);
  expect(words()).toContain('2 € Rabatt200');
  expect(words()).not.toContain('Bestellung+49');
});

test('other widgets and an empty answer leave no trace', async () => {
  await show(1, known({weather: {state: 'promised', text: 'Di.'}, survey: {text: 'x'}}));
  expect(document.body.innerHTML).toBe('');
});

test.each<[string, Reply, string]>([
  ['404', status(404), 'absent'],
  ['401', status(401), 'failed'],
  ['500', status(500), 'failed'],
  ['an error page', page, 'failed'],
  ['a broken line', broken, 'failed'],
  ['silence', silent, 'failed'],
])('%s becomes one quiet sentence', async (_, reply, sentence) => {
  await show(6, reply);
  expect(words()).toBe(sentence);
  expect(one('[accessibilityrole=status]')).not.toBeNull();
});

test('a page that never names its order asks nothing and makes no fuss', async () => {
  extension.shopify.orderConfirmation.value = {order: {id: 'gid://shopify/Something/1'}, isFirstOrder: false};
  const fetch = await show(20, known({}));
  expect(fetch).not.toHaveBeenCalled();
  expect(words()).toBe('later');
});

test('in the editor a sample stands, and nothing is asked', async () => {
  extension.shopify.extension = {...extension.shopify.extension, editor: {type: 'checkout'}};
  const fetch = await show(1, broken);
  expect(fetch).not.toHaveBeenCalled();
  expect(words()).toContain('sample.coupon.title');
  expect(words()).toContain('sample.loyalty.order');
  expect(one('s-clipboard-item')).not.toBeNull();
});

test('an order says how its points came about, and that a bonus may follow', async () => {
  const order = {...EARNED.order, breakdown: '49 Punkte: 24,50 € × 2', note: 'Ein Bonus kann noch dazukommen.'};
  await show(1, known({loyalty: {...EARNED, order}}));
  expect(words()).toBe(EARNED.title + EARNED.text + order.breakdown + order.note);
});
