import '@shopify/ui-extensions/preact';
import {render} from 'preact';
import type {Api} from '@shopify/ui-extensions/customer-account.profile.block.render';

import {askBalance} from '../../shared/balance';
import {accountUrl, pageOf} from '../../shared/page';
import {Widgets} from '../../shared/Widgets';

declare const shopify: Api;

export default function extension(): void {
  render(<Profile />, document.body);
}

function Profile() {
  const url = accountUrl(shopify.localization.language.value.isoCode);
  return <Widgets page={{...pageOf(shopify), aboutOrder: false, url, askBalance}} />;
}
