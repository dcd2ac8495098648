import {readViews, type Views} from './views';

/** Milliseconds after which an attempt counts as failed; the app itself waits up to three seconds for an order. */
export const SLOW = 5000;

const LONGEST_ORDERED_PAUSE = 30_000;

export type Answer =
  | {kind: 'known'; views: Views}
  | {kind: 'awaited'; views: Views; pause: number}
  | {kind: 'absent'}
  | {kind: 'failed'};

/**
 * Ask the app once, with a token fetched for this request. Whatever happens becomes an answer: an error page, a broken
 * line and a host that never replies are `failed`.
 */
export async function ask(url: string, token: () => Promise<string>): Promise<Answer> {
  const abort = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const slow = new Promise<Answer>((resolve) => {
    timer = setTimeout(() => {
      resolve({kind: 'failed'});
      abort.abort();
    }, SLOW);
  });
  try {
    return await Promise.race([attempt(url, token, abort.signal), slow]);
  } catch {
    return {kind: 'failed'};
  } finally {
    clearTimeout(timer);
  }
}

async function attempt(url: string, token: () => Promise<string>, signal: AbortSignal): Promise<Answer> {
  const headers = {Authorization: `Bearer ${await token()}`, Accept: 'application/json'};
  const response = await fetch(url, {headers, signal});
  if (response.status === 404) return {kind: 'absent'};
  if (response.status === 429) return {kind: 'awaited', views: {}, pause: pause(response)};
  if (!response.ok) return {kind: 'failed'};
  const views = readViews(await response.json());
  if (!views) return {kind: 'failed'};
  return response.status === 202 ? {kind: 'awaited', views, pause: pause(response)} : {kind: 'known', views};
}

/** Milliseconds the app asks for, at most half a minute; 0 when it asks for none in seconds. */
function pause(response: Response): number {
  const after = response.headers.get('Retry-After') ?? '';
  return /^\d+$/.test(after) ? Math.min(Number(after) * 1000, LONGEST_ORDERED_PAUSE) : 0;
}
