import '@shopify/ui-extensions/preact';
import {render} from 'preact';
import type {Api} from '@shopify/ui-extensions/customer-account.order-status.block.render';

import {balanceIn} from '../../shared/balance';
import {orderNumber} from '../../shared/order';
import {orderUrl, pageOf} from '../../shared/page';
import {Widgets} from '../../shared/Widgets';

declare const shopify: Api;

export default function extension(): void {
  render(<OrderStatus />, document.body);
}

function OrderStatus() {
  const number = orderNumber(shopify.order.value?.id);
  const locale = shopify.localization.language.value.isoCode;
  const url = number && orderUrl(number, 'order_status', locale, shopify.checkoutToken.value);
  const own = shopify.authenticationState.value === 'fully_authenticated';
  const balance = own ? balanceIn(shopify.appMetafields.value) : undefined;
  return <Widgets page={{...pageOf(shopify), aboutOrder: true, url, balance}} />;
}
