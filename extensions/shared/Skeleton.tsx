import {Card} from './Card';
import {Loyalty} from './Loyalty';
import type {Page} from './page';
import {sample} from './sample';
import type {LoyaltyView} from './views';

/**
 * The sample's own lines, veiled: the page has its final height before anything is known. Every order has a coupon; an
 * account has one waiting only now and then, and no place is held for it. Points that Shopify has already stand unveiled.
 */
export function Skeleton({page, points}: {page: Page; points?: LoyaltyView | undefined}) {
  const {coupon, loyalty, trust} = sample(page);
  return (
    <s-stack gap="base" accessibilityRole="status" accessibilityLabel={page.say('loading')}>
      {page.aboutOrder && coupon && (
        <Card>
          <Veiled text={coupon.title} />
          <Veiled text={coupon.text} />
          <s-box minBlockSize="56px">
            <Veiled text={coupon.code} />
          </s-box>
          <Veiled text={coupon.apply_text} />
          <Veiled text={coupon.note} />
        </Card>
      )}
      {points ? (
        <Loyalty view={points} page={page} />
      ) : (
        <Card>
          <Veiled text={loyalty?.title} />
          <Veiled text={loyalty?.figures[0]?.[1]} />
          <Veiled text={loyalty?.figures[0]?.[0]} />
          {page.aboutOrder && <Veiled text={loyalty?.text} />}
        </Card>
      )}
      {trust && (
        <Card>
          <Veiled text={trust.title} />
          <Veiled text={trust.text} />
        </Card>
      )}
    </s-stack>
  );
}

function Veiled({text}: {text: string | undefined}) {
  return <s-skeleton-paragraph content={text ?? ''} />;
}
