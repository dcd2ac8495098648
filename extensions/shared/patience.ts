import type {Answer} from './answer';
import type {Views} from './views';

/** Milliseconds between one question and the next while something is on its way. */
export const PAUSES: readonly number[] = [1000, 2000, 4000, 8000];

/** What the page shows: `waiting` and `late` hold what is known so far. */
export type Shown =
  | {state: 'waiting'; views: Views}
  | {state: 'late'; views: Views}
  | {state: 'shown'; views: Views}
  | {state: 'absent'}
  | {state: 'failed'};

/**
 * Ask until all is known or patience ends, and tell each step. A first failure is told at once; once something is
 * promised, a failure is only one more "not yet".
 */
export async function follow(
  question: () => Promise<Answer>,
  tell: (shown: Shown) => void,
  stop: AbortSignal,
): Promise<void> {
  let views: Views | undefined;
  for (let asked = 0; ; asked += 1) {
    const answer = await question();
    if (stop.aborted) return;
    if (answer.kind === 'absent') return tell({state: 'absent'});
    if (answer.kind === 'failed' && !views) return tell({state: 'failed'});
    if (answer.kind !== 'failed') views = {...views, ...answer.views};
    if (answer.kind === 'known' && answer.views.coupon?.state !== 'pending') {
      return tell({state: 'shown', views: answer.views});
    }
    const next = PAUSES[asked];
    tell({state: next === undefined ? 'late' : 'waiting', views: views ?? {}});
    if (next === undefined) return;
    await passed(Math.max(next, answer.kind === 'awaited' ? answer.pause : 0), stop);
    if (stop.aborted) return;
  }
}

function passed(milliseconds: number, stop: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    stop.addEventListener('abort', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
