import {expect, test} from 'vitest';

import {orderNumber} from '../order';

test.each([
  ['gid://shopify/Order/5881974834746', '5881974834746'],
  ['gid://shopify/OrderIdentity/5881974834746', '5881974834746'],
  ['gid://shopify/Order/9223372036854775807', '9223372036854775807'],
  ['gid://shopify/Order/1?key=abc', '1'],
])('%s is order %s, digit for digit', (gid, number) => {
  expect(orderNumber(gid)).toBe(number);
});

test.each([undefined, '', '12', 'gid://shopify/Customer/12', 'gid://shopify/Order/', 'gid://shopify/Order/0', 'gid://shopify/Order/12/x'])(
  '%s names no order',
  (gid) => {
    expect(orderNumber(gid)).toBeUndefined();
  },
);
