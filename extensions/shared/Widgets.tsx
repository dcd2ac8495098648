import {useEffect, useState} from 'preact/hooks';

import {ask} from './answer';
import {balanceView, type Balance} from './balance';
import {Note} from './Card';
import {Coupon} from './Coupon';
import {Delivery} from './Delivery';
import {Loyalty} from './Loyalty';
import type {Page} from './page';
import {follow, type Shown} from './patience';
import {sample} from './sample';
import {Skeleton} from './Skeleton';
import {Trust} from './Trust';
import type {LoyaltyView, Views} from './views';

/** Milliseconds the page may take to learn which order it is about. */
export const UNNAMED = 15_000;

/** All of the app's widgets on this page, from one request; never more than one quiet sentence when it fails. */
export function Widgets({page}: {page: Page}) {
  const shown = useShown(page);
  const points = usePoints(page);
  if (shown.state === 'absent') return <Note text={page.say('absent')} />;
  if (shown.state === 'failed') return <Failed page={page} points={points} />;
  const {views} = shown;
  const {delivery} = views;
  if (!views.coupon && !views.loyalty && !delivery && !views.trust) {
    if (shown.state === 'waiting') return <Skeleton page={page} points={points} />;
    return shown.state === 'late' ? <Note text={page.say('later')} /> : null;
  }
  const late = shown.state === 'late' ? page.say('later') : undefined;
  return (
    <s-stack gap="base">
      {delivery?.state === 'late' && <Delivery view={delivery} />}
      {views.coupon && <Coupon view={views.coupon} late={late} />}
      {delivery && delivery.state !== 'late' && <Delivery view={delivery} />}
      {views.loyalty && <Loyalty view={views.loyalty} page={page} />}
      {views.trust && <Trust view={views.trust} />}
      {late && views.coupon?.state !== 'pending' && <Note text={late} />}
    </s-stack>
  );
}

/** While the app cannot be reached, the points stay that Shopify has. */
function Failed({page, points}: {page: Page; points: LoyaltyView | undefined}) {
  const note = <Note text={page.say('failed')} />;
  if (!points) return note;
  return (
    <s-stack gap="base">
      <Loyalty view={points} page={page} />
      {note}
    </s-stack>
  );
}

/** The points as Shopify has them, at once or as soon as it has said so. */
function usePoints(page: Page): LoyaltyView | undefined {
  const [asked, setAsked] = useState<Balance>();
  useEffect(() => {
    if (page.sample || !page.askBalance) return undefined;
    let here = true;
    void page.askBalance().then((found) => here && setAsked(found));
    return () => {
      here = false;
    };
  }, []);
  const balance = page.balance ?? asked;
  return balance && balanceView(balance, page);
}

const NOTHING: Views = {};

function useShown(page: Page): Shown {
  const [shown, setShown] = useState<Shown>(() =>
    page.sample ? {state: 'shown', views: sample(page)} : {state: 'waiting', views: NOTHING},
  );
  const {url} = page;
  useEffect(() => {
    if (page.sample) return undefined;
    if (url === undefined) {
      const timer = setTimeout(() => setShown({state: 'late', views: NOTHING}), UNNAMED);
      return () => clearTimeout(timer);
    }
    const stop = new AbortController();
    setShown({state: 'waiting', views: NOTHING});
    void follow(() => ask(url, page.token), setShown, stop.signal);
    return () => stop.abort();
  }, [url]);
  return shown;
}
