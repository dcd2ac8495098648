import {expect, test} from 'vitest';

import {readViews} from '../views';
import {EARNED, PANEL, READY, REWARD_CODE, STAMPS, STANDING, TIER, TRUST} from './answers';

test.each([null, undefined, 'x', 1, [], {}, {widgets: null}, {widgets: []}, {widgets: 'x'}])('%j is none of the app\'s answers', (body) => {
  expect(readViews(body)).toBeUndefined();
});

test('a widget that has no place here is left out', () => {
  expect(readViews({widgets: {weather: {state: 'promised', text: 'x'}, survey: {title: 'x'}}})).toEqual({});
});

test('what an app of another version says is read as far as it is understood', () => {
  const views = readViews({widgets: {coupon: {...READY, state: 'unheard-of'}, loyalty: {text: 4, figures: [['a'], ['b', 'c'], 7]}}});
  expect(views).toEqual({loyalty: {text: '', order: false, figures: [['b', 'c']], rewards: [], codes: [], endings: [], entries: []}});
});

test('what is not worth showing is not shown', () => {
  expect(readViews({widgets: {coupon: {...READY, state: 'none', shown: false}}})).toEqual({});
});

test('a link leads to a shop or nowhere', () => {
  const view = (apply_url: string) => readViews({widgets: {coupon: {...READY, apply_url}}})?.coupon?.apply_url;
  expect(view('javascript:alert(1)')).toBeUndefined();
  expect(view(READY.apply_url)).toBe(READY.apply_url);
});

test('figures are there for the signed-in only', () => {
  expect(readViews({widgets: {loyalty: EARNED}})?.loyalty?.figures).toEqual([]);
  expect(readViews({widgets: {loyalty: STANDING}})?.loyalty).toMatchObject({
    order: true,
    figures: [['einlösbar', '320'], ['unterwegs', '49']],
    rewards: [{title: '2 € Rabatt', cost: 200}],
    entries: [{text: 'Bestellung', points: 49, on: '2026-11-21'}],
  });
});

test('a stamp card is read whole or not at all, and a long one is told in words', () => {
  const read = (stamps: unknown) => readViews({widgets: {coupon: {...READY, stamps}}})?.coupon?.stamps;
  expect(read(STAMPS)).toEqual(STAMPS);
  expect(read({...STAMPS, of: 1e9})?.drawn).toBe(false);
  for (const other of [null, 3, {have: 3}, {have: '3', of: 5}]) expect(read(other)).toBeUndefined();
});

test('what was bought with points is read with its words, and leads to a shop or nowhere', () => {
  const read = (codes: unknown, more: object = {}) => readViews({widgets: {loyalty: {...STANDING, codes, ...more}}})?.loyalty;
  expect(read([{...REWARD_CODE, secret: 1}, {title: 'x'}, 7])?.codes).toEqual([REWARD_CODE]);
  expect(read([{...REWARD_CODE, apply_url: 'javascript:alert(1)'}])?.codes[0]).not.toHaveProperty('apply_url');
  expect(read('x')?.codes).toEqual([]);
  expect(read([], {redeem_url: 'data:text/html,x'})).not.toHaveProperty('redeem_url');
  expect(read([], {endings: [{points: 1, text: '1 Punkt verfällt.'}, 3]})?.endings).toEqual(['1 Punkt verfällt.']);
});

test('a tier is read with what it brings and what is missing, and so is an order\'s arithmetic', () => {
  const read = (loyalty: object) => readViews({widgets: {loyalty: {...STANDING, ...loyalty}}})?.loyalty;
  expect(read({tier: TIER})?.tier).toEqual({
    title: 'Silber',
    multiplier_text: '1,5-fache Punkte auf jede Bestellung',
    missing_text: 'Noch 35 € bis Gold',
  });
  expect(read({tier: {id: null, title: null, multiplier_text: null, next: TIER.next}})?.tier).toEqual({
    missing_text: 'Noch 35 € bis Gold',
  });
  for (const other of [null, undefined, 'x', 7]) expect(read({tier: other})).not.toHaveProperty('tier');
  const order = {...EARNED.order, breakdown: '49 Punkte: 24,50 € × 2', note: 'Ein Bonus kann noch dazukommen.'};
  expect(read({order})).toMatchObject({breakdown: order.breakdown, note: order.note});
  expect(read({order: {...order, breakdown: null, note: 3}})).not.toHaveProperty('breakdown');
});

test('who packs a parcel is read with the ways to reach them, and a way leads to a mail, a call or nowhere', () => {
  const read = (people: unknown) => readViews({widgets: {trust: {...TRUST, people}}})?.trust;
  expect(read(TRUST.people)).toEqual(TRUST);
  expect(read({...TRUST.people, ways: [{text: 'x', url: 'javascript:alert(1)'}, {url: 'tel:1'}]})?.people?.ways).toEqual([{text: 'x'}]);
  expect(read({names: [{name: 'Anna'}, {name: 'Bela', about: ''}, 7]})?.people).toEqual({names: [{name: 'Bela', about: ''}], ways: []});
  for (const other of [null, undefined, 'x', 7]) expect(read(other)).not.toHaveProperty('people');
});

test('a seal is read where it leads to a page that can prove it', () => {
  const read = (seals: unknown) => readViews({widgets: {trust: {...TRUST, seals}}})?.trust?.seals;
  const [seal] = TRUST.seals;
  expect(read([seal, {...seal, verify_url: 'http://example.com'}, {...seal, verify_url: 'javascript:alert(1)'}, {text: 'x'}, 7])).toEqual([seal]);
  expect(read([{...seal, image: 'data:image/png;base64,x', proof_url: 'javascript:1'}])?.[0]).toEqual({text: seal!.text, verify_url: seal!.verify_url});
  expect(read('x')).toEqual([]);
});

test('what is kept is read row by row, and its links lead to a shop or nowhere', () => {
  const read = (more: object) => readViews({widgets: {trust: {...TRUST, ...PANEL, ...more}}})?.trust;
  expect(read({})).toEqual({...TRUST, ...PANEL});
  expect(read({data: [{...PANEL.data[0], basis: 'x'}, {what: 'y'}, 3]})?.data).toEqual(PANEL.data);
  expect(read({panel: {...PANEL.panel, url: 'javascript:alert(1)'}})?.panel).not.toHaveProperty('url');
  for (const other of [null, undefined, 'x', 7]) expect(read({panel: other})).toEqual(TRUST);
});
