import {ADDRESS} from './address';
import type {Balance} from './balance';

type Keys<Tree, Above extends string = ''> = {
  [Key in keyof Tree & string]: Tree[Key] extends string ? `${Above}${Key}` : Keys<Tree[Key], `${Above}${Key}.`>;
}[keyof Tree & string];

/** The sentences and labels an extension has of its own: loading, failure, and the sample in Shopify's editor. */
export type Words = Keys<typeof import('../checkout/locales/en.default.json')>;

/** What the shared blocks need of the page they stand on. */
export interface Page {
  /** What to ask; undefined while the page itself does not know yet. */
  url: string | undefined;
  token: () => Promise<string>;
  /** True in Shopify's editor, where there is no order: a sample is shown and nothing is asked. */
  sample: boolean;
  /** False where only the account's own widgets have a place. */
  aboutOrder: boolean;
  /** True on the page that ends a purchase, the one that says what the shop can be trusted for. */
  closing?: boolean;
  /** What Shopify has of the customer's points on this page already. */
  balance?: Balance | undefined;
  /** The same, where Shopify has to be asked for it. */
  askBalance?: () => Promise<Balance | undefined>;
  say: (key: Words) => string;
  number: (value: number) => string;
  date: (value: Date) => string;
}

interface Shopify {
  sessionToken: {get: () => Promise<string>};
  extension: {editor?: unknown};
  localization: {language: {value: {isoCode: string}}};
  i18n: {
    translate: (key: string) => unknown;
    formatNumber: (value: number) => string;
    formatDate: (value: Date, options?: object) => string;
  };
}

/** Everything about the page but the question it asks. */
export function pageOf(shopify: Shopify): Omit<Page, 'url' | 'aboutOrder'> {
  return {
    token: () => shopify.sessionToken.get(),
    sample: Boolean(shopify.extension.editor),
    say: (key) => String(shopify.i18n.translate(key)),
    number: (value) => shopify.i18n.formatNumber(value),
    date: (value) => shopify.i18n.formatDate(value, {dateStyle: 'medium', timeZone: 'UTC'}),
  };
}

/** The address of an order's widgets. */
export function orderUrl(
  number: string,
  surface: 'thank_you' | 'order_status',
  locale: string,
  checkoutToken: string | undefined,
): string {
  const query = new URLSearchParams({surface, locale, ...(checkoutToken && {checkout_token: checkoutToken})});
  return `${ADDRESS}/ext/orders/${number}?${query}`;
}

/** The address of the signed-in customer's widgets. */
export function accountUrl(locale: string): string {
  return `${ADDRESS}/ext/account?${new URLSearchParams({locale})}`;
}
