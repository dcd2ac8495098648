import {afterEach, beforeEach, expect, test, vi} from 'vitest';

import {ask, SLOW} from '../answer';
import {follow, type Shown} from '../patience';
import {awaited, broken, known, page, PENDING, READY, replies, silent, status, type Reply} from './answers';

const token = vi.fn(() => Promise.resolve('token'));
let asked: number[];
let told: Shown[];

beforeEach(() => {
  vi.useFakeTimers();
  token.mockClear();
  [asked, told] = [[], []];
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

/** Follow these replies to the end and return the seconds at which each question was put. */
async function pauses(...all: Reply[]): Promise<number[]> {
  const start = Date.now();
  const fetch = replies(...all);
  vi.stubGlobal('fetch', (url: string, init: RequestInit) => {
    asked.push((Date.now() - start) / 1000);
    return fetch(url, init);
  });
  const done = follow(() => ask('https://app.example/ext', token), (shown) => told.push(shown), new AbortController().signal);
  await vi.runAllTimersAsync();
  await done;
  return asked;
}

const last = () => told.at(-1);

test('an order on its way is asked for after 1, 2, 4 and 8 seconds, then left to its page', async () => {
  expect(await pauses(awaited())).toEqual([0, 1, 3, 7, 15]);
  expect(last()).toEqual({state: 'late', views: {}});
});

test('the app may ask for longer pauses, never for shorter ones', async () => {
  expect(await pauses(awaited({'Retry-After': '5'}))).toEqual([0, 5, 10, 15, 23]);
});

test.each(['600', '-1', 'Sun, 22 Nov 2026 12:00:00 GMT', ''])('Retry-After %s keeps nobody for ever', async (after) => {
  const [, second] = await pauses(awaited({'Retry-After': after}), known({coupon: READY}));
  expect(second).toBe(after === '600' ? 30 : 1);
});

test('too many questions are a reason to wait', async () => {
  expect(await pauses(status(429, {'Retry-After': '2'}), known({coupon: READY}))).toEqual([0, 2]);
  expect(last()).toMatchObject({state: 'shown', views: {coupon: {code: READY.code}}});
});

test('a pending code is asked for again, and what is known stays', async () => {
  expect(await pauses(awaited(), known({coupon: PENDING}), known({coupon: READY}))).toEqual([0, 1, 3]);
  expect(told.map(({state}) => state)).toEqual(['waiting', 'waiting', 'shown']);
});

test('a code pending for ever ends with what is known', async () => {
  expect(await pauses(known({coupon: PENDING}))).toHaveLength(5);
  expect(last()).toMatchObject({state: 'late', views: {coupon: {state: 'pending'}}});
});

test.each<[string, Reply]>([
  ['a page of the wrong kind', page],
  ['a broken line', broken],
  ['500', status(500)],
  ['503', status(503)],
  ['401', status(401)],
  ['an answer without widgets', () => new Response('{}')],
  ['null', () => new Response('null')],
])('%s is told at once and not asked about again', async (_, reply) => {
  expect(await pauses(reply)).toEqual([0]);
  expect(told).toEqual([{state: 'failed'}]);
});

test('an order that is not this page\'s is absent', async () => {
  expect(await pauses(status(404))).toEqual([0]);
  expect(told).toEqual([{state: 'absent'}]);
});

test('an app that never replies counts as failed after five seconds, and is let go', async () => {
  const gone = vi.fn();
  const start = Date.now();
  await pauses((init) => {
    init.signal?.addEventListener('abort', gone);
    return silent(init);
  });
  expect(told).toEqual([{state: 'failed'}]);
  expect(Date.now() - start).toBe(SLOW);
  expect(gone).toHaveBeenCalled();
});

test('a token that never comes counts as failed too', async () => {
  token.mockReturnValueOnce(new Promise(() => {}));
  expect(await pauses(known({}))).toEqual([]);
  expect(told).toEqual([{state: 'failed'}]);
});

test('once something is promised, a failure is only a later answer', async () => {
  await pauses(awaited(), status(503), broken, known({coupon: READY}));
  expect(last()).toMatchObject({state: 'shown'});
});

test('a promise is kept when everything fails after it', async () => {
  expect(await pauses(awaited(), broken)).toEqual([0, 1, 3, 7, 15]);
  expect(last()).toEqual({state: 'late', views: {}});
});

test('each question carries a token of its own', async () => {
  const headers: (string | null)[] = [];
  let n = 0;
  token.mockImplementation(() => Promise.resolve(`t${(n += 1)}`));
  await pauses((init) => {
    headers.push(new Headers(init.headers).get('Authorization'));
    return awaited()(init);
  });
  expect(headers).toEqual(['Bearer t1', 'Bearer t2', 'Bearer t3', 'Bearer t4', 'Bearer t5']);
});

test('a page that is gone asks no more and is told no more', async () => {
  const stop = new AbortController();
  const fetch = replies(awaited());
  vi.stubGlobal('fetch', fetch);
  const done = follow(() => ask('https://app.example/ext', token), (shown) => told.push(shown), stop.signal);
  await vi.advanceTimersByTimeAsync(1500);
  expect(fetch).toHaveBeenCalledTimes(2);
  stop.abort();
  await vi.runAllTimersAsync();
  await done;
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(told).toHaveLength(2);
});
