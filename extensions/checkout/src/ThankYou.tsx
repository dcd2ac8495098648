import '@shopify/ui-extensions/preact';
import {render} from 'preact';
import type {Api} from '@shopify/ui-extensions/purchase.thank-you.block.render';

import {orderNumber} from '../../shared/order';
import {orderUrl, pageOf} from '../../shared/page';
import {Widgets} from '../../shared/Widgets';

declare const shopify: Api;

export default function extension(): void {
  render(<ThankYou />, document.body);
}

function ThankYou() {
  const number = orderNumber(shopify.orderConfirmation.value?.order.id);
  const locale = shopify.localization.language.value.isoCode;
  const url = number && orderUrl(number, 'thank_you', locale, shopify.checkoutToken.value);
  return <Widgets page={{...pageOf(shopify), aboutOrder: true, closing: true, url}} />;
}
