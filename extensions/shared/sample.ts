import type {Page} from './page';
import type {Views} from './views';

/** What the merchant sees in Shopify's editor. */
export function sample({say, number, aboutOrder, closing}: Page): Views {
  return {
    coupon: {
      state: 'ready',
      title: say(aboutOrder ? 'sample.coupon.title' : 'sample.coupon.waiting'),
      text: say(aboutOrder ? 'sample.coupon.text' : 'sample.coupon.next'),
      code: 'DANKE-7K2M-9QXP',
      copy_text: say('sample.coupon.copy'),
      copied_text: say('sample.coupon.copied'),
      apply_text: say('sample.coupon.apply'),
      apply_url: 'https://example.com/discount/DANKE-7K2M-9QXP',
      note: say('sample.coupon.note'),
    },
    loyalty: {
      title: say('points.title'),
      text: say(aboutOrder ? 'sample.loyalty.order' : 'sample.loyalty.text'),
      order: aboutOrder,
      figures: [
        [say('points.spend'), number(320)],
        [say('points.coming'), number(49)],
      ],
      rewards: [],
      codes: [],
      endings: [],
      entries: [],
    },
    ...(aboutOrder && {
      delivery: {
        state: 'promised' as const,
        title: say('sample.delivery.title'),
        text: say('sample.delivery.text'),
        changes: [],
        steps: [],
        parcels: [],
      },
    }),
    ...(closing && {trust: {title: say('sample.trust.title'), text: say('sample.trust.text'), seals: []}}),
  };
}
