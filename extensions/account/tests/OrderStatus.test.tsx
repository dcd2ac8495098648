import {getExtension} from '@shopify/ui-extensions-tester';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {ADDRESS} from '../../shared/address';
import {awaited, broken, known, PENDING, READY, replies, STAMPS, STANDING, status, type Reply} from '../../shared/tests/answers';

const extension = getExtension('customer-account.order-status.block.render');

beforeEach(() => {
  vi.useFakeTimers();
  extension.setUp();
  extension.shopify.extension = {...extension.shopify.extension, editor: undefined as never};
  extension.shopify.order.value = {id: 'gid://shopify/Order/5881974834746', name: '#1001'};
});

afterEach(() => {
  extension.tearDown();
  document.body.replaceChildren();
  vi.useRealTimers();
});

const words = () => document.body.textContent;

async function show(seconds: number, ...given: Reply[]) {
  const fetch = replies(...given);
  extension.fetch = fetch as typeof globalThis.fetch;
  await extension.render();
  await vi.advanceTimersByTimeAsync(seconds * 1000 + 100);
  return fetch;
}

test('the order page asks for its own order', async () => {
  extension.shopify.checkoutToken.value = 'abc' as never;
  const fetch = await show(1, known({coupon: READY, loyalty: STANDING}));
  expect(fetch).toHaveBeenCalledTimes(1);
  expect(String(fetch.mock.calls[0]![0])).toBe(
    `${ADDRESS}/ext/orders/5881974834746?surface=order_status&locale=en&checkout_token=abc`,
  );
  expect(words()).toContain(READY.code);
  expect(words()).toContain('320einlösbar');
});

test('a link without the checkout token still asks, for the signed-in', async () => {
  const fetch = await show(1, known({}));
  expect(String(fetch.mock.calls[0]![0])).toBe(`${ADDRESS}/ext/orders/5881974834746?surface=order_status&locale=en`);
});

const MIRRORED = {
  target: {type: 'customer' as const, id: 'gid://shopify/Customer/1'},
  metafield: {namespace: '$app', key: 'points', value: '{"available":120,"pending":0,"debt":0}', valueType: 'json_string' as const, type: 'json'},
};

test('the balance on the page stands there with no request, for whoever is signed in', async () => {
  extension.shopify.appMetafields.value = [MIRRORED as never];
  extension.shopify.authenticationState.value = 'fully_authenticated';
  await show(0, () => new Promise(() => {}));
  expect(words()).toBe('points.title120points.spend');
  expect(document.body.querySelectorAll('s-skeleton-paragraph').length).toBeGreaterThan(0);
});

test('whoever came by a link is shown no balance', async () => {
  extension.shopify.appMetafields.value = [MIRRORED as never];
  extension.shopify.authenticationState.value = 'pre_authenticated';
  await show(0, () => new Promise(() => {}));
  expect(words()).toBe('');
});

test('another resource\'s metafield is no balance', async () => {
  extension.shopify.appMetafields.value = [{...MIRRORED, target: {type: 'shop', id: 'x'}} as never];
  extension.shopify.authenticationState.value = 'fully_authenticated';
  await show(0, () => new Promise(() => {}));
  expect(words()).toBe('');
});

test('a reload shows the same again', async () => {
  await show(1, known({coupon: READY}));
  const before = document.body.innerHTML;
  extension.tearDown();
  document.body.replaceChildren();
  extension.setUp();
  extension.shopify.extension = {...extension.shopify.extension, editor: undefined as never};
  await show(1, known({coupon: READY}));
  expect(document.body.innerHTML).toBe(before);
});

test('while the order has no name, nothing is asked and the place is held', async () => {
  extension.shopify.order.value = undefined;
  const fetch = await show(1, broken);
  expect(fetch).not.toHaveBeenCalled();
  expect(document.body.querySelectorAll('s-skeleton-paragraph').length).toBeGreaterThan(0);
  await vi.advanceTimersByTimeAsync(20_000);
  expect(words()).toBe('later');
});

test.each<[string, Reply, string]>([
  ['an order on its way', awaited(), 'later'],
  ['somebody else\'s order', status(404), 'absent'],
  ['an app that is down', status(503), 'failed'],
])('%s ends in one sentence', async (_, reply, sentence) => {
  await show(60, reply);
  expect(words()).toBe(sentence);
});

test('a code being made is promised to this very page', async () => {
  await show(60, known({coupon: PENDING}));
  expect(words()).toContain(PENDING.text);
  expect(words()).toContain('later');
});

test('a stamp card is a row of stamps beside the words that say the same', async () => {
  await show(1, known({coupon: {...READY, stamps: STAMPS}}));
  const stamps = [...document.body.querySelectorAll('s-icon')].map((icon) => icon.getAttribute('type'));
  expect(stamps).toEqual([...Array(3).fill('check-circle-filled'), 'circle', 'circle']);
  expect(document.body.textContent).toContain(STAMPS.label);
  expect(document.body.textContent).toContain(STAMPS.text);
});

test('a long stamp card is told in words alone', async () => {
  await show(1, known({coupon: {...READY, stamps: {...STAMPS, drawn: false}}}));
  expect(document.body.querySelector('s-icon')).toBeNull();
  expect(document.body.textContent).toContain(STAMPS.label);
});
